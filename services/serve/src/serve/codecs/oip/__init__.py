"""The Open Inference Protocol, version 2: requests to columns, predictions to responses."""
