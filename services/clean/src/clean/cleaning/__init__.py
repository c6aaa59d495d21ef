"""Cleaning: the rules of one field applied to its cells, and of all fields to rows."""
