"""Tables: record batches, their column names and types, and the Parquet files of raw-data."""
