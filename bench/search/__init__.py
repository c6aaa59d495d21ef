"""The quality of train's search, beside FLAML on the same rows with the same time."""
