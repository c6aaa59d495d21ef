"""Settings: a stage's table of the pipeline file, checked by the stage's own model."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self

from stage_contract.errors import SettingsError
from stage_contract.stages.pipelines import Pipeline, at_line
from stage_contract.suggestions import did_you_mean

_SHOWN_CHARACTERS = 60
_IN_ADDRESS = re.compile(r"://[^/@\s]*@")
"""User and password in an address, which must not appear in a log."""


class SettingsModel(Protocol):
    """The interface of a settings class; pydantic models have it."""

    @classmethod
    def model_validate(cls, obj: Any) -> Self: ...

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def resolve[Model: SettingsModel](model: type[Model], pipeline: Pipeline, stage: str) -> Model:
    """Return a stage's settings, defaults filled in.

    Raises:
        SettingsError: A key is unknown or a value is wrong; the message names the first one.
    """
    try:
        settings = model.model_validate(pipeline.table(stage))
    except ValueError as error:
        line = _first_error(error, model, pipeline, stage)
    else:
        if _is_json(settings.model_dump(mode="json")):
            return settings
        line = "inf and nan are not valid in a manifest; expected finite numbers"
    raise SettingsError(f"{pipeline.path.name}: [{stage}] {line}")


def _is_json(values: dict[str, Any]) -> bool:
    try:
        json.dumps(values, allow_nan=False)
    except ValueError:
        return False
    return True


def _first_error(
    error: ValueError, model: type[SettingsModel], pipeline: Pipeline, stage: str
) -> str:
    """Turn a pydantic ValidationError into `key = value: what was expected (line 7)`."""
    details = getattr(error, "errors", None)
    if details is None:
        return str(error)
    # A misspelt key first: the missing key may be a consequence.
    first = min(details(), key=lambda detail: detail["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"])
    line = at_line(pipeline.path, stage, *first["loc"])
    if first["type"] == "extra_forbidden":
        known = _known_keys(model.model_json_schema(), first["loc"][:-1])
        return f"{where} is not a setting{did_you_mean(str(first['loc'][-1]), known)}{line}"
    if first["type"] == "missing":
        return f"{where} is missing; this setting has no default"
    message = first["msg"].removeprefix("Value error, ").replace("valid tuple", "valid list")
    return f"{where} = {_shown(first['input'])}: {message}{line}" if where else message


def _shown(value: object) -> str:
    text = _IN_ADDRESS.sub("://…@", repr(value))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _known_keys(schema: dict[str, Any], location: Iterable[object]) -> list[str]:
    """Return the keys that a model's JSON Schema allows at a location inside its values."""
    nodes = [schema]
    for part in location:
        inner = [
            node.get("properties", {}).get(part)
            or node.get("items" if isinstance(part, int) else "additionalProperties")
            for node in nodes
        ]
        nodes = [node for start in inner for node in _alternatives(start, schema)]
    return [key for node in nodes for key in node.get("properties", {})]


def _alternatives(node: object, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas of a node: itself, its reference, or the members of a union."""
    if not isinstance(node, dict):
        return
    yield node
    if reference := node.get("$ref", "").rpartition("/")[2]:
        yield from _alternatives(schema["$defs"][reference], schema)
    for choice in node.get("anyOf", []):
        yield from _alternatives(choice, schema)
