"""The runtime of a worker: shared state, counters, keys, and load limits."""
