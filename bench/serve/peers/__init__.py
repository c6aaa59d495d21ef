"""The other servers, one file each, each in an environment of its own."""
