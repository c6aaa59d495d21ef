"""Changes pipeline files, and writes them as TOML."""

import json
import tomllib
from datetime import date, datetime, time
from typing import Any


def with_key(text: str, table: str, key: str, value: object) -> str:
    """Return the text of a pipeline file with a key set in one of its tables."""
    content = tomllib.loads(text)
    content.setdefault(table, {})[key] = value
    return to_toml(content)


def without_key(text: str, table: str, key: str) -> str:
    """Return the text of a pipeline file without a key of one of its tables."""
    content = tomllib.loads(text)
    content.get(table, {}).pop(key, None)
    return to_toml(content)


def with_top_level(text: str, key: str, value: object) -> str:
    """Return the text of a pipeline file with a key set at its top level."""
    return to_toml(tomllib.loads(text) | {key: value})


def with_table(text: str, table: str) -> str:
    """Return the text of a pipeline file with one more table."""
    return to_toml(tomllib.loads(text) | {table: {"key": 1}})


def to_toml(content: dict[str, Any]) -> str:
    """Return a document as TOML text with inline tables."""
    return "".join(f"{_toml_key(key)} = {_toml_value(value)}\n" for key, value in content.items())


def _toml_key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _toml_value(value: Any) -> str:
    match value:
        case dict():
            items = (f"{_toml_key(key)} = {_toml_value(value[key])}" for key in value)
            return f"{{{', '.join(items)}}}"
        case list():
            return f"[{', '.join(map(_toml_value, value))}]"
        case date() | datetime() | time():
            return value.isoformat()
        case float():
            return repr(value)
    # Texts, integers and booleans are written in TOML as in JSON.
    return json.dumps(value, ensure_ascii=False)
