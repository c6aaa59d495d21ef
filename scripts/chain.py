"""Look at a pipeline's four volumes: check the chain, name the latest model, make a request.

Runs in a container that mounts the source folder and the volumes below /volumes, read-only, and
has contract/src on its path.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, open_latest, read_pointer
from stage_contract.artifacts import PINNED
from stage_contract.digests import file_digest

VOLUMES = Path("/volumes")
KINDS = ("raw-data", "clean-data", "feature-data", "model")


def check() -> None:
    """Print the chain, or end with 65 and the first link that does not hold."""
    chain = [open_latest(VOLUMES / kind, kind) for kind in KINDS]
    for artifact in chain:
        artifact.verify()
    _check_sources(chain[0])
    for source, artifact in itertools.pairwise(chain):
        _check_link(source, artifact)
    for artifact in chain:
        if (artifact.path.parent / PINNED).exists():
            print(f"{artifact.kind} is pinned to {artifact.id}: runs publish, but it stays")
    for line in _lines(chain):
        print(line)


def latest() -> None:
    """Print the id of the latest model."""
    print(read_pointer(VOLUMES / "model"))


def request() -> None:
    """Print a request body for the latest model: its first example."""
    model = open_latest(VOLUMES / "model", "model")
    with model.file("examples.jsonl").open(encoding="utf-8") as examples:
        row = json.loads(examples.readline())["row"]
    print(json.dumps({"rows": [row]}))


def _check_sources(raw: Artifact) -> None:
    for source in raw.manifest["inputs"]:
        path = VOLUMES / "data" / source["source"]
        if not path.exists() or file_digest(path) != source["sha256"]:
            raise ContractError(
                f"raw-data {raw.id} was not made from data/{source['source']} as it is now;"
                " ingest ended with 0 and published nothing for it"
            )


def _check_link(source: Artifact, artifact: Artifact) -> None:
    if {"kind": source.kind, "content": source.content} in artifact.manifest["inputs"]:
        return
    stage = artifact.manifest["stage"]["name"]
    if (artifact.path.parent / PINNED).exists():
        print(f"{artifact.kind} {artifact.id}, which is pinned, was made from older {source.kind}")
        return
    raise ContractError(
        f"{artifact.kind} {artifact.id} was not made from the latest {source.kind} {source.id};"
        f" {stage} ended with 0 and published nothing for it"
    )


def _lines(chain: list[Artifact]) -> Iterator[str]:
    yield "the chain holds, from source to model:"
    for source in chain[0].manifest["inputs"]:
        yield f"  {source['source']:<30} {source['bytes']:>12,} bytes  {source['sha256'][:12]}"
    for artifact in chain:
        rows = f"{artifact.rows:>12,} rows "
        yield f"  {artifact.kind:<13}{artifact.id} {rows}  {artifact.content[:12]}"
    yield f"  {_summary(chain[-1])}"


def _summary(model: Artifact) -> str:
    metrics: dict[str, Any] = json.loads(model.file("model.json").read_bytes())["metrics"]
    shown = ", ".join(f"{name} {metric['value']:.4g}" for name, metric in metrics.items())
    return f"held-out: {shown}"


if __name__ == "__main__":
    try:
        {"check": check, "latest": latest, "request": request}[sys.argv[1]]()
    except ContractError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
