"""Clean: raw-data in, typed clean-data out."""

__version__ = "0.2.0"
