"""The first difference of two files: a JSON key, a line, a cell of Parquet, or a byte."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stage_contract.stages.causes import flat

BLOCK_BYTES = 1 << 20
MAX_CHARACTERS = 80
ABSENT = "absent"


def first_difference(old: Path, new: Path) -> str:
    """Return one line on the first difference of two files, as precise as the format allows."""
    if not (old.exists() and new.exists()):
        return "is new" if new.exists() else "is missing"
    looks: dict[str, Callable[[Path, Path], str]] = {
        ".json": _of_json,
        ".jsonl": _of_lines,
        ".html": _of_lines,
        ".parquet": _of_parquet,
    }
    found = looks.get(old.suffix, _nothing)(old, new)
    return found or _of_bytes(old, new)


def _nothing(_old: Path, _new: Path) -> str:
    return ""


def _of_json(old: Path, new: Path) -> str:
    try:
        was, now = (flat(_by_place(json.loads(path.read_bytes()))) for path in (old, new))
    except ValueError:
        return ""
    for name in [*was, *(name for name in now if name not in was)]:
        before, after = was.get(name, ABSENT), now.get(name, ABSENT)
        if before != after:
            return f"{name} {_short(before)} → {_short(after)}"
    return ""


def _by_place(value: Any) -> Any:
    """Return lists as objects with the index as key, so that each item has a name."""
    if isinstance(value, list):
        return {str(number): _by_place(item) for number, item in enumerate(value)}
    if isinstance(value, dict):
        return {name: _by_place(item) for name, item in value.items()}
    return value


def _of_lines(old: Path, new: Path) -> str:
    with old.open(errors="replace") as before, new.open(errors="replace") as after:
        for number, (was, now) in enumerate(itertools.zip_longest(before, after), 1):
            if was != now:
                return f"line {number}: {_short(was or ABSENT)} → {_short(now or ABSENT)}"
    return ""


def _of_parquet(old: Path, new: Path) -> str:
    try:
        from pyarrow import parquet  # noqa: PLC0415  # only some images have it
    except ImportError:
        return ""
    was, now = (parquet.read_table(path) for path in (old, new))
    if was.schema != now.schema:
        return f"schema {_short(str(was.schema))} → {_short(str(now.schema))}"
    if len(was) != len(now):
        return f"{len(was):,} rows → {len(now):,} rows"
    for name in was.column_names:
        if was[name].equals(now[name]):
            continue
        cells = zip(was[name].to_pylist(), now[name].to_pylist(), strict=True)
        for row, (before, after) in enumerate(cells, 1):
            # Compared as text, because NaN != NaN.
            if repr(before) != repr(after):
                return f"row {row}, column {name}: {_short(before)} → {_short(after)}"
    return ""


def _of_bytes(old: Path, new: Path) -> str:
    sizes = f"{old.stat().st_size:,} bytes → {new.stat().st_size:,} bytes"
    for offset, (was, now) in _blocks(old, new):
        for place, (before, after) in enumerate(itertools.zip_longest(was, now)):
            if before != after:
                return f"{sizes}, first at byte {offset + place:,}"
    return sizes


def _blocks(old: Path, new: Path) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    with old.open("rb") as before, new.open("rb") as after:
        for number in itertools.count():
            was, now = before.read(BLOCK_BYTES), after.read(BLOCK_BYTES)
            if was != now:
                yield number * BLOCK_BYTES, (was, now)
            if not was and not now:
                return


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= MAX_CHARACTERS else f"{line[:MAX_CHARACTERS]}…"
