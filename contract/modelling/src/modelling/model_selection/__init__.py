"""Model selection: metrics, folds, trials, and the result of a trainer."""
