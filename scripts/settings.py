"""`python -m settings STAGE IMAGE`: what `make settings` prints.

Reads the image's /settings.schema.json from standard input.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from stage_contract import escaped

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "table",
}
type Node = dict[str, Any]


def lines(node: Node, schema: Node, prefix: str = "") -> Iterator[str]:
    """Yield each setting with its default, and below it type and description; tables in full."""
    for name, field in node.get("properties", {}).items():
        default = field.get("default")
        yield f"{prefix}{name}" + ("" if default is None else f" = {json.dumps(default)}")
        about = ": ".join(filter(None, [_type(field, schema), field.get("description", "")]))
        if about:
            yield f"    {about}"
        for choice in _choices(field, schema):
            yield from lines(choice, schema, f"{prefix}{name}.")
            for inner in _choices(choice.get("additionalProperties"), schema):
                yield from lines(inner, schema, f"{prefix}{name}.<name>.")


def _type(field: Node, schema: Node) -> str:
    return " or ".join(filter(None, (_word(choice) for choice in _choices(field, schema))))


def _word(node: Node) -> str:
    values = node.get("enum", [node["const"]] if "const" in node else [])
    if values:
        return " or ".join(json.dumps(value) for value in values)
    kinds = node.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds if kind != "null")


def _choices(node: object, schema: Node) -> Iterator[Node]:
    """Yield a node without references and unions: what it may be."""
    if not isinstance(node, dict):
        return
    name = str(node.get("$ref", "")).rpartition("/")[2]
    inner = [schema.get("$defs", {}).get(name)] if name else node.get("anyOf")
    if inner is None:
        yield node
    for each in inner or []:
        yield from _choices(each, schema)


def main(stage: str, image: str) -> None:
    """Print the settings."""
    schema = json.load(sys.stdin)
    print(f"[{stage}] of {image}")
    for line in lines(schema, schema):
        print(f"  {escaped(line)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
