"""What serve reads from requests, as a program without a server, for tests of several stages.

Takes the name of a JSON file with `schema`, `ignored`, and `texts` and `values`: the same rows as a
CSV table and as JSON have them. Prints by the form of a request, and of a file to score, what came
of each row: the `numbers` and `strings` that the graph takes, or which column is `wrong`.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from serve.batch.cleaning import Cleaner
from serve.codecs.column_rows import ColumnRows
from serve.codecs.columns import Table, cells_of
from serve.codecs.csv_rows import CsvRows
from serve.codecs.json_rows import JsonRows
from serve.codecs.rows import Feed, Rows
from serve.problems import RequestError
from serve.schema.signature import Signature

from serve_testing.request_forms import csv_table

type Row = Mapping[str, Any]
type Read = Callable[[Sequence[Row]], Feed]
type Outcome = dict[str, Any]


def readers(signature: Signature, *, rows: int) -> dict[str, Read]:
    """Return what reads rows by the form of a request; CSV takes texts, the others values."""
    cleaned = Rows(signature)
    as_csv = CsvRows(cleaned, max_rows=rows)
    as_json = JsonRows(signature, cleaned, max_rows=rows)
    as_columns = ColumnRows(signature, cleaned, max_rows=rows)

    def read_columns(sent: Sequence[Row]) -> Feed:
        names = [column.name for column in signature.fields]
        columns = {name: cells_of([row[name] for row in sent]) for name in names}
        return as_columns.feed(Table(columns, len(sent)))

    return {
        "CSV": lambda sent: as_csv.read(csv_table(sent, [*sent[0]]))[1],
        "JSON": lambda sent: as_json.read(json.dumps({"rows": sent}).encode()),
        "columns": read_columns,
    }


def one_by_one(read: Read, rows: Sequence[Row]) -> list[Outcome]:
    """Read each row as a request of its own."""
    outcomes: list[Outcome] = []
    for row in rows:
        try:
            outcomes.append({group: array[0].tolist() for group, array in read([row]).items()})
        except RequestError as error:
            outcomes.append({"wrong": error.errors[0].column})
    return outcomes


def at_once(read: Read, rows: Sequence[Row]) -> list[Outcome]:
    """Read all rows as one request."""
    return by_row(read(rows))


def by_row(feed: Feed) -> list[Outcome]:
    """Return what the graph takes of each row."""
    lists = [array.tolist() for array in feed.values()]
    return [dict(zip(feed, values, strict=True)) for values in zip(*lists, strict=True)]


def whole_file(signature: Signature, rows: Sequence[Row]) -> list[Outcome]:
    """Read all rows as those of a file to score."""
    cleaned = Cleaner(signature, Rows(signature).rules).clean(pa.RecordBatch.from_pylist(rows))
    right = iter(by_row(cleaned.feed))
    return [
        {"wrong": cleaned.rejections[place].column} if place in cleaned.rejections else next(right)
        for place in range(len(rows))
    ]


def main() -> None:
    """Read the rows of a file in every way."""
    asked = json.loads(Path(sys.argv[1]).read_bytes())
    signature = msgspec.convert(asked["schema"] | {"ignored": asked["ignored"]}, Signature)
    found = {"file": whole_file(signature, asked["texts"])}
    for form, read in readers(signature, rows=len(asked["texts"])).items():
        rows = asked["texts" if form == "CSV" else "values"]
        alone = found[form] = one_by_one(read, rows)
        right = [row for row, outcome in zip(rows, alone, strict=True) if "wrong" not in outcome]
        batcher = iter(at_once(read, right))
        found[f"{form}, at once"] = [
            outcome if "wrong" in outcome else next(batcher) for outcome in alone
        ]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
