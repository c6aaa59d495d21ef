"""Checks of feature-data and its graph."""
