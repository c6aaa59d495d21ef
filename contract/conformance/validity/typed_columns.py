"""The columns of a clean table: those of schema.json, with the Parquet type of each field."""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from conformance.harness.faults import Fault
from conformance.validity.published import Published

PARQUET: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "string": pa.string(),
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "datetime": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
    }
)


def check_columns(artifact: Published) -> None:
    """Check names, order and types of the table's columns against schema.json."""
    fields = artifact.document("schema.json")["fields"]
    schema = artifact.table("table").schema
    names = [field["name"] for field in fields]
    if schema.names != names:
        raise Fault(
            f"table has the columns {schema.names}, schema.json the fields {names}",
            "one field for each column, in the same order",
        )
    for position, field in enumerate(fields):
        found, expected = schema.field(position).type, PARQUET[field["type"]]
        if found != expected:
            raise Fault(
                f"table: column {field['name']!r} is {found}, schema.json says {field['type']}",
                f"write {field['type']} as {expected}; see contract/reference/types.md",
            )
