"""Houses as the clean-data that features reads."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from conformance.harness.subject import EXAMPLES
from conformance.inputs.houses import Houses
from conformance.inputs.publishing import publishing, write_table
from conformance.validity.lineage import input_manifest


def write_clean_data(volume: Path, houses: Houses) -> None:
    """Publish clean-data with a schema.json that fits the table."""
    with publishing(volume, "clean-data") as draft:
        write_table(draft.path / "table", *_parts(houses.table))
        for name, document in (("schema.json", _schema(houses)), ("profile.json", {"columns": []})):
            text = json.dumps(document, ensure_ascii=False)
            (draft.path / name).write_text(text, encoding="utf-8")
        draft.rows = houses.table.num_rows


def _parts(table: pa.Table) -> list[pa.Table]:
    """Return the first three quarters and the rest: by name the larger part is the first."""
    cut = table.num_rows * 3 // 4
    return [table.slice(0, cut), table.slice(cut)] if cut else [table]


def _schema(houses: Houses) -> dict[str, Any]:
    example = EXAMPLES / "clean-data"
    path = example / input_manifest(example)["id"] / "schema.json"
    schema: dict[str, Any] = json.loads(path.read_bytes())
    fields = {field["name"]: field for field in schema["fields"]}
    fields |= {name: {"name": name, "type": type_} for name, type_ in houses.added_types.items()}
    return schema | {"fields": [fields[name] for name in houses.table.schema.names]}
