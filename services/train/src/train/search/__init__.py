"""The search: trials of hyperparameters, compared by cross-validation."""
