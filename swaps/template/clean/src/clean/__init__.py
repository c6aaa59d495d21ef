"""Clean stage: raw-data in, clean-data out."""

__version__ = "0.1.0"
