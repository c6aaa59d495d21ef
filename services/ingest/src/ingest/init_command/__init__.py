"""The command `init`: a table in, a proposed pipeline file out."""
