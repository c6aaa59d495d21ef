"""The file model.onnx: checked, loaded, and run."""
