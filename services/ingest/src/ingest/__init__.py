"""Ingest: source tables in, raw-data out."""

__version__ = "0.2.0"
