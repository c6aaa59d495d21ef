"""Readers: JSON Lines, Parquet and Arrow files, and the choice of the reader for a file."""
