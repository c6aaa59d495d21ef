"""Reporting: rejected rows, profile.json, and the suggestions in the log."""
