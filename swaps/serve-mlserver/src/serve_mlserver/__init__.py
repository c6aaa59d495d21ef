"""Serve stage: a model in, the Open Inference Protocol out, by MLServer."""

__version__ = "0.1.0"
