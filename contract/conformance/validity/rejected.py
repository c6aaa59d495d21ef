"""What became of the input's rows, compared with what schema.json makes of them cell by cell."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from conformance.harness.faults import Fault
from conformance.rules.cells import CellError
from conformance.rules.typed import clean_value, is_comparable
from conformance.rules.values import Value
from conformance.validity.lineage import input_manifest
from conformance.validity.published import Published

_FIX = "see contract/reference/cleaning-one-row.md, and contract/examples/vectors/cleaning.json"

type Row = tuple[Value, ...]


def check_rules_against_source(artifact: Published, source: Path) -> None:
    """Check that the rows that were kept are those of the input, cleaned by schema.json."""
    schema = artifact.document("schema.json")
    raw = _input_table(source)
    fields = [field for field in schema["fields"] if _is_known(field, raw)]
    reasons = {line["row"]: line["reason"] for line in artifact.rejects}
    _check_row_numbers(reasons, artifact, raw)
    names = [field["name"] for field in fields]
    expected: Counter[Row] = Counter()
    for number, values in enumerate(_rows(raw, names), start=1):
        cleaned, fault = _cleaned(values, fields, schema)
        reason = reasons.get(number)
        if reason is None and fault is not None:
            raise Fault(
                f"row {number} of the input was kept, though {fault}",
                _FIX,
                row=dict(zip(names, values, strict=True)),
            )
        if _is_about_a_cell(reason) and fault is None and len(fields) == len(schema["fields"]):
            raise Fault(
                f"row {number} of the input was rejected for {reason!r},"
                " though it keeps every rule of schema.json",
                _FIX,
                row=dict(zip(names, values, strict=True)),
            )
        if reason is None:
            expected[cleaned] += 1
    found = Counter(_rows(artifact.table("table"), names))
    for row in expected - found:
        near = next(iter(found - expected), None)
        raise Fault(
            "the table does not hold a row that schema.json makes of the input"
            f"{_instead(row, near, names)}",
            _FIX,
            expected=dict(zip(names, row, strict=True)),
            found=None if near is None else dict(zip(names, near, strict=True)),
        )


def _is_known(field: Mapping[str, Any], raw: pa.Table) -> bool:
    name = field["name"]
    return raw.schema.names.count(name) == 1 and is_comparable(
        raw.schema.field(name).type, field["type"]
    )


def _check_row_numbers(reasons: Mapping[int, str], artifact: Published, raw: pa.Table) -> None:
    if len(reasons) != len(artifact.rejects):
        raise Fault("rejects/: a row number is repeated", "one line for each rejected row")
    for number in reasons:
        if number > raw.num_rows:
            raise Fault(
                f"rejects/: row {number}, the input has {raw.num_rows}",
                "count the input's rows from 1",
            )


def _cleaned(
    values: Row, fields: list[dict[str, Any]], schema: Mapping[str, Any]
) -> tuple[Row, str | None]:
    """Return a row as it should be, and what is wrong with it."""
    cleaned: list[Value] = []
    for value, field in zip(values, fields, strict=True):
        try:
            cleaned.append(clean_value(value, field, schema))
        except CellError as error:
            return (), f"{value!r} in {field['name']!r} breaks its {error.reason}"
    return tuple(cleaned), None


def _is_about_a_cell(reason: str | None) -> bool:
    return reason is not None and (reason == "type" or reason.startswith("constraint"))


def _rows(table: pa.Table, names: list[str]) -> list[Row]:
    columns = [table.column(table.schema.get_field_index(name)).to_pylist() for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * table.num_rows


def _input_table(source: Path) -> pa.Table:
    manifest = input_manifest(source)
    parts = sorted((source / manifest["id"] / "table").glob("part-*.parquet"))
    table = pa.concat_tables([parquet.ParquetFile(path).read() for path in parts])
    # Python's datetimes end at microseconds, and so do the contract's.
    kinds = [
        pa.timestamp("us", field.type.tz) if pa.types.is_timestamp(field.type) else field.type
        for field in table.schema
    ]
    names = table.schema.names
    return table.cast(pa.schema(list(zip(names, kinds, strict=True))), safe=False)


def _instead(row: Row, near: Row | None, names: list[str]) -> str:
    if near is None:
        return ""
    differing = [
        f"{name!r}: {found!r}, expected {value!r}"
        for name, value, found in zip(names, row, near, strict=True)
        if value != found
    ]
    return f"; it holds one with {', '.join(differing)}"
