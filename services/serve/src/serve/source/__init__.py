"""The format of the model's source tables, which requests and files to score may use."""
