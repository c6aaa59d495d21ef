"""Model selection: metrics, folds, trials, and what a trainer hands over."""
