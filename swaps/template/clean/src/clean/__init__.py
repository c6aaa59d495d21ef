"""Clean stage: raw-data in, clean-data out."""

__version__ = "0.2.0"
