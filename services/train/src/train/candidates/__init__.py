"""The candidates: estimators with their search spaces and their ONNX graphs."""
