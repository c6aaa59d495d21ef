"""The other servers: one file each, run in an environment of its own."""
