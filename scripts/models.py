"""List the models of a pipeline, newest first.

Runs in a container that mounts the model volume at /volume, read-only, and has contract/src on its
path. The arguments are the ids of the models that a running serve answers with.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, escaped, open_artifact, read_pointer
from stage_contract.artifacts.manifests import LATEST
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.reading import PINNED, check_sizes, read_pinned
from stage_contract.artifacts.verdicts import read_verdict, refusal
from stage_contract.commands import make_command
from stage_contract.stages.refusals import standing_refusal

VOLUME = Path("/volume")
SHOWN_METRICS = 3
_POINTERS: Mapping[str, Callable[[Path], str | None]] = {LATEST: read_pointer, PINNED: read_pinned}


def lines(volume: Path, served: Sequence[str]) -> Iterator[str]:
    """Yield a heading and a line for each model."""
    models = newest_first(volume)
    if not models:
        yield f"no model was published yet; {make_command('up')} trains one"
        return
    named, damaged = _read_pointers(volume)
    yield f"{'model':<16}  {'published (UTC)':<20}{'rows':>12}  held-out"
    for path in models:
        marks = ", ".join([*_marks(path, named, served)])
        yield f"{path.name}  {_facts(path)}{f'  <- {marks}' if marks else ''}"
    yield from damaged
    for path in models:
        if _read_run(path) is None:
            yield (
                f"damaged: {path.name}/run.json, the time of publication, can't be read;"
                f" {make_command('rerun FORCE=train')} writes it again for the newest model"
            )
    if refused := standing_refusal(volume, "model"):
        yield f"train refused {refused}"


def _read_pointers(volume: Path) -> tuple[dict[str, str | None], list[str]]:
    """Return the ids in LATEST and PINNED, and an error for each damaged pointer."""
    named: dict[str, str | None] = {}
    damaged = []
    for pointer, read in _POINTERS.items():
        try:
            named[pointer] = read(volume)
        except ContractError as error:
            damaged.append(f"damaged: {str(error).removeprefix(f'{volume}/')}")
    return named, damaged


def _facts(path: Path) -> str:
    try:
        model = open_artifact(path, "model")
        check_sizes(model)
        return f"{_published(model):<20}{model.rows:>12,}  {_metrics(model)}"
    except ContractError as error:
        return f"damaged: {str(error).removeprefix(f'{path}: ')}"


def _marks(path: Path, named: Mapping[str, str | None], served: Sequence[str]) -> Iterator[str]:
    yield from (pointer for pointer, name in named.items() if name == path.name)
    if path.name in served:
        yield "served"
    if refusal(path):
        yield "refused"
    elif "override" in read_verdict(path):
        yield "accepted by hand"


def _published(model: Artifact) -> str:
    finished = (_read_run(model.path) or {}).get("finished", "")
    return str(finished).removesuffix("+00:00").replace("T", " ") or "-"


def _read_run(path: Path) -> dict[str, Any] | None:
    """Return run.json: empty if the model has none, None if it is damaged."""
    try:
        run = json.loads((path / "run.json").read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    return run if isinstance(run, dict) else None


def _metrics(model: Artifact) -> str:
    """Return the gate's metric with its interval, then other metrics."""
    metrics: dict[str, Any] = json.loads(model.file("model.json").read_bytes()).get("metrics")
    if not metrics:
        return "no metrics"
    verdict = read_verdict(model.path)
    names = sorted(metrics, key=lambda name: name != verdict.get("metric"))
    first, *others = (f"{name} {metrics[name]['value']:.4g}" for name in names[:SHOWN_METRICS])
    interval = "{low:.4g} to {high:.4g}".format(**metrics[names[0]])
    return ", ".join([f"{first} ({interval})", *others])


if __name__ == "__main__":
    print("\n".join(map(escaped, lines(VOLUME, sys.argv[1:]))))
