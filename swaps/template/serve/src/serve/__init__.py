"""Serve stage: a model in, a prediction API out."""

__version__ = "0.2.0"
