"""Track: logs the models of a pipeline to MLflow; an optional service beside the pipeline."""

__version__ = "0.2.0"
