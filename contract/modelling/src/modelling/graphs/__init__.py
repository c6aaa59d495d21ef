"""ONNX graphs: output heads, tree ensembles, merging, and running them."""
