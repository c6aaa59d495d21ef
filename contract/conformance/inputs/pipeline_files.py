"""Pipeline files with one more key: a small writer of TOML."""

import json
import tomllib
from datetime import date, datetime, time
from typing import Any


def with_key(text: str, table: str, key: str, value: object) -> str:
    """Return a pipeline file with another key in one of its tables."""
    content = tomllib.loads(text)
    content.setdefault(table, {})[key] = value
    return written(content)


def with_table(text: str, table: str) -> str:
    """Return a pipeline file with another table."""
    return written(tomllib.loads(text) | {table: {"key": 1}})


def written(content: dict[str, Any]) -> str:
    """Return a document as TOML, its tables inline."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in content.items())


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_key(key)} = {_value(value[key])}" for key in value) + "}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case date() | datetime() | time():
            return value.isoformat()
        case float():
            return repr(value)
    # Texts, integers and booleans are written in TOML as in JSON.
    return json.dumps(value, ensure_ascii=False)
