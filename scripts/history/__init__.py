"""Lineage, status and history of a pipeline, read from its volumes.

Runs in a container that mounts the source folder and the volumes below /volumes, read-only, and
has contract/src and scripts/ on its path.
"""
