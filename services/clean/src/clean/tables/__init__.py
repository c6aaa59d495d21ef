"""Tables: reading raw-data, writing Parquet, and the memory and threads that both need."""
