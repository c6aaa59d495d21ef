"""Runs images as containers, puts them through checks, and reports the verdicts."""
