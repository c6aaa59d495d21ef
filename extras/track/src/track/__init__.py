"""Track: logs the models of a pipeline to MLflow; beside the pipeline, no part of it."""

__version__ = "0.2.0"
