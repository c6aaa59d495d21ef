"""What every worker process needs: shared state, counters, keys, and limits of load."""
