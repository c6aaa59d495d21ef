"""The preprocessing: encoders fitted with scikit-learn and exported as transform.onnx."""
