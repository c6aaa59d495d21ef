"""The pipeline file: one TOML, of which each stage reads its own table."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from stage_contract.commands import DEFAULT_PIPELINE
from stage_contract.errors import SettingsError
from stage_contract.suggestions import did_you_mean

TABLES = ("ingest", "clean", "features", "train", "serve")
SHORTHANDS = {"source": "ingest", "target": "features"}
"""Top-level keys that are short for a key of a stage's table."""

KEEP_DEFAULT = 5
"""Default number of artifacts that a volume keeps; `keep` in the stage's table overrides it."""


@dataclass(frozen=True)
class Pipeline:
    """A pipeline file with a valid top level."""

    path: Path
    name: str
    tables: Mapping[str, Mapping[str, Any]]

    def table(self, stage: str) -> dict[str, Any]:
        """Return the settings of one stage as written in the file."""
        return {key: value for key, value in self.tables.get(stage, {}).items() if key != "keep"}

    def keep(self, stage: str) -> int:
        """Return how many artifacts the stage's volume keeps; not part of an artifact's id."""
        keep = self.tables.get(stage, {}).get("keep", KEEP_DEFAULT)
        if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
            raise SettingsError(
                f"{self.path.name}: [{stage}] keep = {keep!r}: expected 1 or more"
                f"{at_line(self.path, stage, 'keep')}"
            )
        return keep


def pipeline_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the pipeline file that PIPELINE and STAGE_CONFIG name."""
    folder = Path(environment.get("STAGE_CONFIG", "/config"))
    return folder / f"{environment.get('PIPELINE') or DEFAULT_PIPELINE}.toml"


def read_pipeline(path: Path) -> Pipeline:
    """Read a pipeline file.

    Raises:
        SettingsError: The file is missing or not TOML, or its top level holds an unknown name.
    """
    content = _read_toml(path)
    name = content.pop("name", path.stem)
    if not isinstance(name, str) or not name:
        raise SettingsError(f"{path.name}: name = {name!r}: expected a text")
    tables: dict[str, dict[str, Any]] = {}
    for key, value in content.items():
        if key in SHORTHANDS:
            continue
        if key not in TABLES:
            known = [*TABLES, *SHORTHANDS, "name"]
            raise SettingsError(
                f"{path.name}: {key} is not a stage or key{did_you_mean(key, known)}"
                f"{at_line(path, key)}"
            )
        if not isinstance(value, dict):
            raise SettingsError(
                f"{path.name}: {key} must be a table, written [{key}]{at_line(path, key)}"
            )
        tables[key] = dict(value)
    for key, stage in SHORTHANDS.items():
        if key not in content:
            continue
        if key in tables.get(stage, {}):
            raise SettingsError(f"{path.name}: {key} and {stage}.{key} are the same; keep one")
        tables.setdefault(stage, {})[key] = content[key]
    return Pipeline(path=path, name=name, tables=tables)


def at_line(path: Path, *keys: object) -> str:
    """Return ` (line 7)` for the value at these keys of a pipeline file; empty if it is not there.

    Keys that lead to nothing in the file are left out at the end.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, ValueError):
        return ""
    if len(keys) > 1 and keys[1] in content and SHORTHANDS.get(str(keys[1])) == keys[0]:
        keys = keys[1:]
    while keys and not _holds(content, keys):
        keys = keys[:-1]
    # The whole table of a stage says too little.
    if not keys or (len(keys) == 1 and keys[0] in TABLES and isinstance(content[keys[0]], dict)):
        return ""
    number = _line_of(keys, text.split("\n"))
    return f" (line {number})" if number else ""


def _line_of(keys: Sequence[object], lines: Sequence[str]) -> int | None:
    """Return the line where the value at these keys begins; that of the list for a part of one."""
    *_, name = takewhile(lambda key: isinstance(key, str), keys)
    written = re.compile(rf"(?<![\w-]){re.escape(str(name))}(?![\w-])")
    for number, line in enumerate(lines):
        if not written.search(line) or _parse(lines[:number]) is None:
            continue
        # A value may take several lines.
        contents = (_parse(lines[:end]) for end in range(number + 1, len(lines) + 1))
        if _holds(next(each for each in contents if each is not None), keys):
            return number + 1
    return None


def _parse(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _holds(content: object, keys: Sequence[object]) -> bool:
    for key in keys:
        try:
            content = content[key]  # type: ignore[index]  # what can't be indexed raises
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        # Some editors put a byte order mark in front.
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        hint = did_you_mean(path.stem, [other.stem for other in path.parent.glob("*.toml")])
        raise SettingsError(f"{path}: no such pipeline file{hint}") from None
    except PermissionError:
        raise SettingsError(
            f"{path}: not readable for uid {os.getuid()}; on the host:"
            f" chmod a+r pipelines/{path.name}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: not TOML: {error}") from None
