"""Statistics of drift. Pure: counts in, findings out."""
