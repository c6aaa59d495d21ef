"""What the volumes of a pipeline say: is the chain whole, what is live, what changed when.

Runs in a container that mounts the source folder and the volumes below /volumes, read-only, and
has contract/src and scripts/ on its path.
"""
