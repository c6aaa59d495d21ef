"""Artifacts on volumes: reading, publishing, and the files that describe them."""
