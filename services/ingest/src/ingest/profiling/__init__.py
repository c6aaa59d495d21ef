"""Profiling: the type, format and values of each column, seen in one pass over a table."""
