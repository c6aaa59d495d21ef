"""Models: loading, the admission test, and the watcher that takes a new one live."""
