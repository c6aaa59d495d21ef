"""List the models of a pipeline, the last published first.

Runs in a container that mounts the model volume at /volume, read-only, and has contract/src on its
path. The arguments are the ids of models that a running serve says it answers with.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, open_artifact, read_pointer
from stage_contract.artifacts import PINNED, check_sizes
from stage_contract.publishing import newest_first
from stage_contract.verdicts import read_verdict, refusal

VOLUME = Path("/volume")
SHOWN_METRICS = 3


def lines(volume: Path, served: Sequence[str]) -> Iterator[str]:
    """Yield a heading and a line for each model."""
    models = newest_first(volume)
    if not models:
        yield "no model was published yet; `make up` trains one"
        return
    yield f"{'model':<16}  {'published (UTC)':<20}{'rows':>12}  held-out"
    for path in models:
        marks = ", ".join(_marks(path, served))
        yield f"{path.name}  {_facts(path)}{f'  <- {marks}' if marks else ''}"


def _facts(path: Path) -> str:
    try:
        model = open_artifact(path, "model")
        check_sizes(model)
        return f"{_published(model):<20}{model.rows:>12,}  {_metrics(model)}"
    except ContractError as error:
        return f"damaged: {str(error).removeprefix(f'{path}: ')}"


def _marks(path: Path, served: Sequence[str]) -> Iterator[str]:
    if path.name == _latest(path.parent):
        yield "LATEST"
    pinned = path.parent / PINNED
    if pinned.exists() and pinned.read_text(encoding="utf-8").strip() == path.name:
        yield PINNED
    if path.name in served:
        yield "served"
    if refusal(path):
        yield "refused"
    elif "override" in read_verdict(path):
        yield "accepted by hand"


def _latest(volume: Path) -> str | None:
    try:
        return read_pointer(volume)
    except ContractError:
        return None


def _published(model: Artifact) -> str:
    run = model.path / "run.json"
    finished = json.loads(run.read_bytes()).get("finished", "") if run.exists() else ""
    return str(finished).removesuffix("+00:00").replace("T", " ") or "-"


def _metrics(model: Artifact) -> str:
    """Return the metric that decides, with its interval, and the next ones."""
    metrics: dict[str, Any] = json.loads(model.file("model.json").read_bytes()).get("metrics")
    if not metrics:
        return "no metrics"
    verdict = read_verdict(model.path)
    names = sorted(metrics, key=lambda name: name != verdict.get("metric"))
    first, *others = (f"{name} {metrics[name]['value']:.4g}" for name in names[:SHOWN_METRICS])
    interval = "{low:.4g} to {high:.4g}".format(**metrics[names[0]])
    return ", ".join([f"{first} ({interval})", *others])


if __name__ == "__main__":
    print("\n".join(lines(VOLUME, sys.argv[1:])))
