"""`ingest init` on tables with columns that no stage reads: the file that it writes works."""

import json
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import IngestStage as Stage
from ingest.init_command.command import propose_pipeline
from made_columns import noise
from pyarrow import parquet

PRICES = noise()
ROWS = [
    {
        "price": price,
        "tags": ["a", "b"][: number % 3],
        "size": {"w": number % 7, "codes": [number]},
        "rooms": number % 5,
    }
    for number, price in enumerate(PRICES)
]


def propose(root: Path, source: str, **reader: str) -> dict[str, Any]:
    """Return the table [ingest] that init proposes."""
    text = propose_pipeline(root, source=source, target="price", reader=reader)
    chosen: dict[str, Any] = tomllib.loads(text)["ingest"]
    return chosen


@pytest.mark.parametrize("name", ["t.parquet", "t.jsonl"])
def test_structs_are_flattened_and_lists_are_skipped(stage: Stage, name: str) -> None:
    if name == "t.parquet":
        parquet.write_table(pa.Table.from_pylist(ROWS), stage.data / name)
    else:
        stage.provide("".join(f"{json.dumps(row)}\n" for row in ROWS), name)

    chosen = propose(stage.data, name)

    assert chosen == {"flatten": True, "skip_columns": ["tags", "size.codes"]}
    settings = f'source = "{name}"\nflatten = true\nskip_columns = ["tags", "size.codes"]'
    assert stage.run(settings) == 0, stage.printed()
    assert [*stage.latest().columns] == ["price", "size.w", "rooms"]


def test_a_struct_whose_fields_have_the_name_of_a_column_is_skipped(stage: Stage) -> None:
    table = pa.table({"price": PRICES, "a": [{"b": 1}] * len(PRICES), "a.b": PRICES})
    parquet.write_table(table, stage.data / "t.parquet")

    assert propose(stage.data, "t.parquet") == {"flatten": True, "skip_columns": ["a"]}


def test_bytes_of_a_database_are_skipped(stage: Stage) -> None:
    with closing(sqlite3.connect(stage.data / "shop.db")) as database:
        database.execute("create table orders (price, photo, rooms)")
        rows = [(price, b"\0", number % 5) for number, price in enumerate(PRICES)]
        database.executemany("insert into orders values (?, ?, ?)", rows)
        database.commit()

    chosen = propose(stage.data, "sqlite:///shop.db")

    assert chosen == {"table": "orders", "skip_columns": ["photo"]}


def test_a_table_of_plain_columns_gets_no_setting(stage: Stage) -> None:
    stage.provide("price,rooms\n" + "".join(f"{p},{n % 5}\n" for n, p in enumerate(PRICES)))

    assert propose(stage.data, "t.csv") == {}
