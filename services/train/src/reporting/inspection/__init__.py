"""Model inspection: permutation importance and partial dependence on held-out rows."""
