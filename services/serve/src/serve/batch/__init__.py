"""Batch scoring: whole files through the very model, rules and graph of the API."""
