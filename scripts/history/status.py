"""`make status`: what is live, what it was made from, and whether the chain holds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.commands import make_command

from history.chain import Runs, broken_links, refusals
from history.disk import disk_use
from history.mounted import Volume, facts, in_utc, links, published
from history.tables import aligned

HEADING = ("stage", "live artifact", "rows", "published (UTC)", "took", "made from")


def status(chain: list[Volume], data: Path, runs: Runs, ready: str) -> tuple[list[str], bool]:
    """Return what to print, and whether the chain holds.

    `ready` is what serve answers on /ready, empty if it does not.
    """
    rows = [_row(upstream, volume) for upstream, volume in links(chain)]
    broken = [*broken_links(chain, data, runs)]
    lines = [*aligned([HEADING, *rows], right=[2, 4]), ""]
    lines += [f"{volume.stage} {_failed(volume.failure)}" for volume in chain if volume.failure]
    lines += [f"{volume.kind} is pinned to {volume.pinned}" for volume in chain if volume.pinned]
    lines += [f"broken: {line}" for line in broken] or ["the chain holds, from source to model"]
    lines += [disk_use(chain)]
    lines += [_serving(ready, chain[-1].latest), *refusals(chain)]
    return lines, not broken


def _row(upstream: Volume | None, volume: Volume) -> tuple[str, ...]:
    if (live := volume.latest) is None:
        return volume.stage, "-", "", "", "", ""
    try:
        artifact = open_artifact(volume.path / live, volume.kind)
    except ContractError:
        return volume.stage, live, "", "", "", "can't be read"
    seconds = facts(artifact.path / "run.json").get("seconds")
    return (
        volume.stage,
        live,
        f"{artifact.rows:,}",
        published(artifact.path),
        f"{seconds:.1f} s" if isinstance(seconds, int | float) else "-",
        _made_from(artifact, upstream),
    )


def _made_from(artifact: Artifact, upstream: Volume | None) -> str:
    if upstream is None:
        return ", ".join(_sources(artifact))
    contents = [item["content"] for item in artifact.manifest["inputs"]]
    found = upstream.of_content(contents[0]) if contents else None
    if found is None:
        return f"{upstream.kind} that is no longer kept"
    age = "" if found.id == upstream.latest else "an older one, "
    return f"{age}{upstream.kind} {found.id}"


def _sources(raw: Artifact) -> Iterator[str]:
    sources = raw.manifest["inputs"]
    for source in sources[:2]:
        yield f"{source['source']} ({source['bytes']:,} bytes)"
    if len(sources) > 2:
        yield f"{len(sources) - 2} more files"


def _failed(failure: dict[str, Any] | None) -> str:
    said = {key: str(value) for key, value in (failure or {}).items()}
    reason = "; ".join(text for text in (said.get("cause"), said.get("hint")) if text)
    when = in_utc(said.get("when", ""))
    return f"failed at {when} with exit code {said.get('exit_code')}: {reason}"


def _serving(ready: str, latest: str | None) -> str:
    if not ready:
        return f"serve is not running, {make_command('up')} starts it"
    try:
        answer: dict[str, Any] = json.loads(ready)
    except ValueError:
        return f"serve does not say which model it serves: {ready[:80]}"
    served = answer.get("model")
    if served is None:
        return f"serve has no model: {answer.get('detail') or ready[:80]}"
    refused = answer.get("refused")
    if refused:
        return (
            f"serve answers with model {served}; it refuses {refused.get('id')}:"
            f" {refused.get('reason')}"
        )
    note = "" if served == latest else f", not with the latest, {latest}"
    return f"serve answers with model {served}{note}"
