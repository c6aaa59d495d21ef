"""How much ingest, clean and features bear, and how fast they are beside other engines."""
