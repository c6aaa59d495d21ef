"""Batch scoring: whole files with the model, rules and graph of the API."""
