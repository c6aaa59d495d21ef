"""The speed of predictions, side by side with other servers."""
