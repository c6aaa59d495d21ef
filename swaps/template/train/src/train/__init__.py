"""Train stage: feature-data in, model out."""

__version__ = "0.2.0"
