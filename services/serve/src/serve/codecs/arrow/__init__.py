"""Tables as Arrow IPC streams, in and out."""
