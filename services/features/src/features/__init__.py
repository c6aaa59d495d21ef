"""Features: clean-data in, feature-data out."""

__version__ = "0.2.0"
