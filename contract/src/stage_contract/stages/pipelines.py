"""The pipeline file: one TOML, of which each stage reads its own table."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
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
            raise SettingsError(f"{self.path.name}: [{stage}] keep = {keep!r}: expected 1 or more")
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
            raise SettingsError(f"{path.name}: {key} is no stage or key{did_you_mean(key, known)}")
        if not isinstance(value, dict):
            raise SettingsError(f"{path.name}: {key} must be a table, written [{key}]")
        tables[key] = dict(value)
    for key, stage in SHORTHANDS.items():
        if key not in content:
            continue
        if key in tables.get(stage, {}):
            raise SettingsError(f"{path.name}: {key} and {stage}.{key} are the same; keep one")
        tables.setdefault(stage, {})[key] = content[key]
    return Pipeline(path=path, name=name, tables=tables)


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
