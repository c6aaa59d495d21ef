"""What the tiny stage does: one product, or the misbehaviour that a test asks for."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, Draft, SourceError
from stage_contract.artifacts.history import Author
from stage_contract.pointers import accept


def work(source: Artifact, draft: Draft, settings: Any) -> None:
    number = int(source.file("table/part-00000.txt").read_text(encoding="utf-8"))
    result = draft.folder("table") / "part-00000.txt"
    result.write_text(str(number * settings.factor), encoding="utf-8")
    draft.rows = 1
    draft.columns = [{"name": "number", "type": "integer", "minimum": number, "maximum": number}]
    match settings.behaviour:
        case "random":
            result.write_bytes(os.urandom(16))
        case "count differently":
            draft.metrics = {"seconds": time.time_ns()}
        case "reject the input":
            raise ContractError("table: 21 is odd; expected an even number,\nadd one")
        case "miss the source":
            raise SourceError("https://example.org: no answer within 10 s; check the address")
        case "fall over":
            raise KeyError("price")
        case "die":
            os._exit(9)
        case "sleep":
            (draft.path / "asleep").touch()
            time.sleep(60)
        case "swallow the exit":
            with suppress(SystemExit):
                (draft.path / "asleep").touch()
                time.sleep(60)
            raise ValueError
        case "fill the disk":
            result.write_bytes(bytes(1 << 20))


def judge(
    _source: Artifact, artifact: Path, live: Artifact | None, settings: Any
) -> dict[str, Any]:
    """Refuse a product that is too small."""
    if settings.accepts_meanwhile and (artifact / "manifest.json").exists():
        accept(
            artifact.parent,
            artifact.name,
            kind="clean-data",
            author=Author(who="Ada", why="looked at it"),
        )
    place = "table/part-00000.txt"
    found = (artifact / place).read_text(encoding="utf-8", errors="replace")
    limits = [settings.least or 0]
    if live is not None and settings.least_of_live:
        limits.append(settings.least_of_live * int(live.file(place).read_text(encoding="utf-8")))
    failed = [limit for limit in limits if limit and int(found) < limit]
    return {
        "accepted": not failed,
        "reasons": [f"{found}, expected {limit:g} or more" for limit in failed],
    }
