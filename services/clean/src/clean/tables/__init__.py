"""Tables: the reader of raw-data, the Parquet writer, and their memory and threads."""
