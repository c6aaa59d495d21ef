"""CSV: dialect detection and reading, with malformed rows kept apart."""
