"""Serve stage: a model in, the Open Inference Protocol out, by MLServer."""

__version__ = "0.2.0"
