"""The rules for one cell of "Cleaning one row", written a third time to check the others by."""
