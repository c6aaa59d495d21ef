"""The page of serve: the pipeline, the live model, a form, file scoring and live figures."""
