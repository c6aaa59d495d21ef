"""Checks of a model and its graph."""
