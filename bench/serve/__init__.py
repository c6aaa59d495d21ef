"""How fast predictions are served, side by side with other servers."""
