"""A train stage on libraries of two years ago: feature-data in, model out."""

__version__ = "0.2.0"
