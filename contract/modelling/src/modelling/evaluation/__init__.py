"""The evaluation of a trained model on held-out rows, and the files of a model."""
