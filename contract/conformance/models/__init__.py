"""What features and train publish, opened: graphs that are run, tables, and what they predict."""
