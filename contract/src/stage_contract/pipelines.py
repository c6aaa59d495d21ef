"""The pipeline file: one TOML, of which each stage reads its own table."""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from stage_contract.errors import SettingsError

TABLES = ("ingest", "clean", "features", "train", "serve")
SHORTHANDS = {"source": "ingest", "target": "features"}
"""Keys at the top of the file that stand for a key of a stage's table."""

KEEP_DEFAULT = 5
"""How many artifacts a volume keeps unless `keep` in the stage's table says otherwise."""


class SettingsModel(Protocol):
    """What `resolve` needs of a settings class; a pydantic model has it."""

    @classmethod
    def model_validate(cls, obj: Any) -> Self: ...

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Pipeline:
    """A pipeline file that was read and whose top level is right."""

    path: Path
    name: str
    tables: Mapping[str, Mapping[str, Any]]

    def table(self, stage: str) -> dict[str, Any]:
        """Return the settings of one stage as they stand in the file."""
        return {key: value for key, value in self.tables.get(stage, {}).items() if key != "keep"}

    def keep(self, stage: str) -> int:
        """Return how many artifacts the stage's volume keeps; no part of an artifact's id."""
        keep = self.tables.get(stage, {}).get("keep", KEEP_DEFAULT)
        if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
            raise SettingsError(f"{self.path.name}: [{stage}] keep = {keep!r}: expected 1 or more")
        return keep


def pipeline_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the pipeline file that PIPELINE and STAGE_CONFIG name."""
    folder = Path(environment.get("STAGE_CONFIG", "/config"))
    return folder / f"{environment.get('PIPELINE') or 'diamonds'}.toml"


def read_pipeline(path: Path) -> Pipeline:
    """Read a pipeline file.

    Raises:
        SettingsError: the file is missing or not TOML, or its top level holds an unknown name.
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


def resolve[Model: SettingsModel](model: type[Model], pipeline: Pipeline, stage: str) -> Model:
    """Return a stage's settings, defaults filled in.

    Raises:
        SettingsError: a key is unknown or a value is wrong; one line for the first of them.
    """
    try:
        return model.model_validate(pipeline.table(stage))
    except ValueError as error:
        line = _first_error(error, model)
    raise SettingsError(f"{pipeline.path.name}: [{stage}] {line}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the closest known name, else the list of known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(names)}"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = [other.stem for other in path.parent.glob("*.toml")]
        hint = did_you_mean(path.stem, known) if known else ""
        raise SettingsError(f"{path}: no such pipeline file{hint}") from None
    except PermissionError:
        raise SettingsError(
            f"{path}: not readable for uid {os.getuid()}; on the host: chmod -R a+rX pipelines"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: not TOML: {error}") from None


def _first_error(error: ValueError, model: type[SettingsModel]) -> str:
    """Turn a pydantic ValidationError into `key = value: what was expected`."""
    details = getattr(error, "errors", None)
    if details is None:
        return str(error)
    first = details()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = _known_keys(model.model_json_schema(), first["loc"][:-1])
        return f"{where} is not a setting{did_you_mean(str(first['loc'][-1]), known)}"
    if first["type"] == "missing":
        return f"{where} is missing; this setting has no default"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where} = {first['input']!r}: {message}" if where else message


def _known_keys(schema: dict[str, Any], location: Iterable[object]) -> list[str]:
    """Return the keys that a model's JSON Schema allows at a location inside its values."""
    node = schema
    for part in location:
        node = node.get("properties", {}).get(part) or node.get("additionalProperties", {})
        reference = node.get("$ref", "").rpartition("/")[2]
        node = schema["$defs"][reference] if reference else node
    return list(node.get("properties", {}))
