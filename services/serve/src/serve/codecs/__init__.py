"""Request bodies to columns, and predictions to bytes: JSON, CSV, Arrow, OIP and MLflow."""
