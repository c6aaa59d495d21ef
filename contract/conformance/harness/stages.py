"""The five stages: what each reads and writes, and the limits that compose.yaml runs them with."""

from types import MappingProxyType

BATCH = ("ingest", "clean", "features", "train")
STAGES = (*BATCH, "serve")
KINDS = ("raw-data", "clean-data", "feature-data", "model")

READS = MappingProxyType(dict(zip(STAGES, (None, *KINDS), strict=True)))
"""The kind of a stage's input; None for ingest, which reads source tables."""
WRITES = MappingProxyType(dict(zip(BATCH, KINDS, strict=True)))

MEMORY = MappingProxyType(dict.fromkeys(BATCH, "4g") | {"serve": "512m"})
UID = 10001
