"""Requests of the scripts to a running serve, and its differences from the project's files.

Runs in a container that shares serve's network, processes and mounts, so it needs no published port
and no API key. It has contract/src on its path.
"""
