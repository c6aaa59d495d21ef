"""OpenAPI: columns described by pydantic's create_model in place of serve.api.openapi.column_docs.

    scripts/envs.sh serve-tests
    PYTHONPATH=contract/src:services/serve/src:services/serve/testing \
        .envs/serve-tests/bin/python -m bench.serve.alternatives.openapi

It prints Markdown, and the columns that the two describe differently.
"""
# ruff: noqa: SLF001  # it takes the place of private parts
# mypy: disable-error-code="import-not-found, no-any-return"

import inspect
import json
import timeit
import tracemalloc
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, field

from serve.api.openapi import column_docs
from serve.schema.model_json import read_description
from serve.schema.signature import Column, Signature
from serve.schema.text_formats import has_own_texts

_TYPES: dict[str, Any] = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
}
_WIDTHS = (10, 100, 1000)
_REPLACED = (column_docs.row_schema, column_docs.column_schema, column_docs._with_format)


def main() -> None:
    """Measure and print."""
    print("| | ours | create_model |\n| --- | --- | --- |")
    for width in _WIDTHS:
        signature = _signature(width)
        ours, theirs = (_cost(partial(each, signature)) for each in (column_docs.row_schema, _made))
        print(f"| {width:,} columns | {ours} | {theirs} |")
    print(f"| lines of code | {_lines(*_REPLACED)} | {_lines(row_model, _type_of, _field_of)} |")
    for model in (DIAMONDS, PENGUINS, FLIGHTS):
        signature = read_description(json.dumps(model.document()).encode()).signature
        ours, theirs = (each(signature)["properties"] for each in (column_docs.row_schema, _made))
        for name, schema in ours.items():
            print(f"\n{json.dumps(schema)}\n{json.dumps(theirs[name])}")


def _made(signature: Signature) -> dict[str, Any]:
    return row_model(signature).model_json_schema()


def row_model(signature: Signature) -> type[BaseModel]:
    """Return the model of one row; a column may have any name, which a field may not."""
    columns: dict[str, Any] = {
        f"column_{number}": (_type_of(column), _field_of(column))
        for number, column in enumerate(signature.fields)
    }
    ignored: dict[str, Any] = {
        f"ignored_{number}": (Any, Field(None, alias=name, description="Accepted and ignored."))
        for number, name in enumerate(signature.ignored)
    }
    return create_model("Row", __config__=ConfigDict(extra="forbid"), **columns, **ignored)


def _type_of(column: Column) -> Any:
    kind = _TYPES[column.type] if column.format is None else str
    if column.constraints.enum is not None and not column_docs.changes_texts(column):
        kind = Literal[column.constraints.enum]
    if has_own_texts(column):
        kind = kind | str
    if column.type in column_docs._FORMATS and not column.is_required:
        kind = kind | Literal[""]
    return kind if column.is_required else kind | None


def _field_of(column: Column) -> Any:
    # As keywords of Field they would be checked as well, by another regular-expression engine.
    keywords = column_docs._constraints(column)
    keywords.pop("enum", None)
    if column.is_required and column.type in {"string", *column_docs._FORMATS}:
        keywords["minLength"] = max(1, keywords.get("minLength", 1))
    return Field(
        ... if column.is_required else None,
        alias=column.name,
        description=" ".join(column_docs._sentences(column)) or None,
        examples=column_docs._examples(column) or None,
        json_schema_extra=keywords,
    )


def _signature(width: int) -> Signature:
    observed = {"minimum": 0.0, "maximum": 9.0}
    fields = [
        field(f"column {number}", "number", f"numbers {number}", observed=observed)
        for number in range(width)
    ]
    document = DIAMONDS.but(fields=fields).document()
    return read_description(json.dumps(document).encode()).signature


def _cost(make: Callable[[], object]) -> str:
    """Return the time to make something, and the memory that is in use then."""
    make()
    milliseconds = min(timeit.repeat(make, number=1, repeat=3)) * 1000
    tracemalloc.start()
    made = make()
    kilobytes = tracemalloc.get_traced_memory()[0] / 1000
    tracemalloc.stop()
    del made
    return f"{milliseconds:.1f} ms, {kilobytes:,.0f} kB"


def _lines(*functions: Callable[..., Any]) -> int:
    """Return the lines of functions without blank ones, comments and docstrings."""
    lines = [line.strip() for each in functions for line in inspect.getsource(each).splitlines()]
    return sum(bool(line) and not line.startswith(("#", '"""')) for line in lines)


if __name__ == "__main__":
    main()
