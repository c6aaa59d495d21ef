"""Connectors: SQLite, PostgreSQL and HTTP sources, found and opened."""
