"""The scalability of ingest, clean and features, and their speed beside other engines."""
