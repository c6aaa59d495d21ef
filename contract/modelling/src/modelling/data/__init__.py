"""The feature-data that a trainer reads."""
