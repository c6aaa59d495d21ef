"""history.jsonl: manual changes of a volume's pointer, with author, time and reason."""

import json
import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from stage_contract.log import LOGGER

HISTORY = "history.jsonl"

type Action = Literal["rollback", "unpin", "accept"]


@dataclass(frozen=True)
class Author:
    """Author and reason of a change; empty if unknown."""

    who: str = ""
    """Default: the user of this process."""
    why: str = ""


UNKNOWN_AUTHOR = Author()


def record_action(
    volume: Path, action: Action, artifact_id: str, *, previous: str | None, author: Author
) -> None:
    """Append one line to history.jsonl; call it while the volume is locked.

    `previous` is the id that LATEST named before. The action has taken effect, so a line that
    cannot be written is a warning, not an error.
    """
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "action": action,
        "id": artifact_id,
        "previous": previous,
        "who": author.who or f"uid {os.getuid()} on {platform.node()}",
        "why": author.why,
    }
    try:
        _append(volume / HISTORY, f"{json.dumps(line, ensure_ascii=False)}\n".encode())
    except OSError as error:
        LOGGER.warning(
            "the %s took effect but was not recorded in %s: %s",
            action,
            HISTORY,
            os.strerror(error.errno or 0),
        )


def read_actions(volume: Path) -> list[dict[str, Any]]:
    """Return the lines of history.jsonl, oldest first; skip lines that are no JSON object."""
    try:
        lines = (volume / HISTORY).read_bytes().splitlines()
    except OSError:
        return []
    found = (_parse(line) for line in lines)
    return [line for line in found if line is not None]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _append(path: Path, line: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            while line:
                line = line[file.write(line) :]
            os.fsync(file.fileno())
        except OSError:
            # The next line would continue an incomplete one.
            file.truncate(size)
            raise
