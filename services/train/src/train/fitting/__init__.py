"""The final fit: the best estimator on all training rows, with its output head."""
