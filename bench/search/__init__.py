"""How well train chooses, beside FLAML on the same rows with the same time."""
