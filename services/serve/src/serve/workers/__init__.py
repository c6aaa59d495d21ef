"""Worker processes: the supervisor, the server of each worker, and its connections."""
