"""Codecs: request bodies to columns, and predictions to bytes (JSON, CSV, OIP and MLflow)."""
