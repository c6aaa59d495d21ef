"""Traffic by minute: of the last hour for the page, and by bin in files for monitoring."""
