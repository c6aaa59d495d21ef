"""What the scripts ask a running serve, and how it differs from what the files say.

Runs in a container that shares serve's network, processes and mounts, so that neither the port, a
firewall nor a key is in the way; it has contract/src on its path.
"""
