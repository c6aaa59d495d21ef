"""Ingest stage: a source table in, raw-data out."""

__version__ = "0.1.0"
