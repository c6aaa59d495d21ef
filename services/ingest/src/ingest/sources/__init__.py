"""Sources: addresses, and the files below the data folder that match one."""
