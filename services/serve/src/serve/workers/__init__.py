"""Worker processes: the supervisor, the server of each worker, and what it reports."""
