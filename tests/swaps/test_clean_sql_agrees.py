"""swaps/clean-sql and services/clean make the same of the same hostile tables and settings.

SEEDS says on how many tables of texts (default 2).
"""

import json
import os
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from stage_contract import Artifact, open_latest
from stage_contract.artifacts.publishing import open_draft, publish
from support.running import ROOT
from support.swapped_clean import document, rejects, table

SEEDS = int(os.environ.get("SEEDS", "2"))
ROWS = 2_000
SHARE_OF_HOSTILE = 0.01
HOSTILE = (
    *("", " ", "NA", " NA ", "\u00a0NA\u3000", "na", "null", "nan", "NaN", "\ufeffNA", "\u200b"),
    *(
        "0",
        "-0",
        "-0.0",
        "+1",
        "1.",
        ".5",
        "5.0",
        "5.00",
        "1e5",
        "1E-3",
        "1e400",
        "-1e400",
        "1e-400",
    ),
    *(
        "007",
        "-007",
        "1,5",
        "1 000",
        "0x10",
        "1_000",
        "١",
        "１",
        "∞",
        "inf",
        "Infinity",
        "- 1",
        "1-",
    ),
    *("9007199254740992", "9007199254740993", "-9007199254740993", "12345678901234567890"),
    *("true", "True", "TRUE", "tRue", "false", "yes", "no", "t", "1", "on"),
    *(
        "2024-02-29",
        "2023-02-29",
        "0001-01-01",
        "0000-12-31",
        "9999-12-31",
        "10000-01-01",
        "24-1-1",
    ),
    *("2024-03-31T02:30", "2024-10-27T02:30", "2024-10-27 02:30:00.1234567", "2024-01-31T24:00"),
    *("2024-01-31T05:00Z", "2024-01-31 05:00 +01", "2024-01-31T05:00-0130", "2024-01-31T05:00+25"),
    *("0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "2024-01-31T5:00", "2024-06-30T23:59:60"),
    *("Köln", "Ko\u0308ln", "KÖLN", "İ", "ß", "ﬁ", "a\u2028b", "a\tb", "a\0b", "🏳️‍🌈", "x" * 300),
    *("'", '"', "\\", "%", "_", "--", ";", "a'b", 'a"b', "$1", "{}", "\u202eabc", " a  b "),
)
POOLS: dict[str, Callable[[random.Random], str]] = {
    "string": lambda dice: dice.choice(("Ulm", "Köln", "Bonn", "a b", "x", "10", "2024-01-31")),
    "integer": lambda dice: str(dice.randint(-50, 50)),
    "number": lambda dice: f"{dice.uniform(-50, 50):.3g}",
    "boolean": lambda dice: dice.choice(("true", "false")),
    "date": lambda dice: f"2024-0{dice.randint(1, 9)}-{dice.randint(10, 30)}",
    "datetime": lambda dice: f"2024-05-{dice.randint(10, 31)}T{dice.randint(10, 23)}:30",
}
RULES: dict[str, tuple[dict[str, Any], ...]] = {
    "string": (
        {"pattern": "[^;]*"},
        {"min_length": 1, "max_length": 20},
        {"pattern": "(?s).*", "max_length": 200, "required": True},
        {"enum": ["Ulm", "Köln", "Bonn", "a b", "x", "10", "2024-01-31", "a'b", "NA", "\\"]},
    ),
    "integer": (
        {"minimum": -49},
        {"exclusive_maximum": 49.5, "required": True},
        {"maximum": 1e300},
    ),
    "number": ({"minimum": -49.5}, {"exclusive_minimum": -40, "maximum": 40.5}),
    "boolean": (
        {"true_values": ["true", "yes", "1"], "false_values": ["false", "no"]},
        {"enum": [True]},
    ),
    "date": ({"minimum": "2024-01-12"}, {"exclusive_maximum": "2024-09-30", "required": True}),
    "datetime": ({"minimum": "2024-05-11", "maximum": "2024-05-31T12:00Z"},),
}
"""None of them alone leaves no row."""


def some_table(dice: random.Random) -> tuple[dict[str, list[str | None]], dict[str, Any]]:
    """Return columns of texts of all types, and settings for some of them."""
    columns: dict[str, list[str | None]] = {}
    settings: dict[str, Any] = {}
    for place, kind in enumerate(dice.sample([*POOLS] * 2, k=8)):
        name = dice.choice(
            (f"{kind} {place}", f'"{place}', f"c{place}", f"Größe{place}", f"C{place}'")
        )
        columns[name] = [POOLS[kind](dice) for _ in range(ROWS)]
        settings[name] = some_settings(dice, kind)
        # Without a type some of them would be a string for it, which is inference's own property.
        if "type" in settings[name] or dice.random() < 0.5:
            for row in dice.sample(range(ROWS), k=int(SHARE_OF_HOSTILE * ROWS)):
                columns[name][row] = dice.choice((None, *HOSTILE))
    copies = dice.sample(range(ROWS), k=50)
    for cells in columns.values():
        cells.extend([cells[row] for row in copies])
    return columns, settings


def some_settings(dice: random.Random, kind: str) -> dict[str, Any]:
    if dice.random() < 0.3:
        return {}
    facts = {"type": kind, "description": "d'", "unit": "m", "missing": ["NA", "x", "'", "-0"]}
    chosen = {key: facts[key] for key in dice.sample([*facts], k=2)}
    rules = dice.choice(RULES[kind]) if dice.random() < 0.7 else {}
    # What text rules say of a type is part of what is compared; the others need it.
    needed = {"type": kind} if rules and kind != "string" else {}
    # TOML's order says nothing.
    items = [*(chosen | rules | needed).items()]
    dice.shuffle(items)
    return dict(items)


def toml(settings: dict[str, Any], dice: random.Random) -> str:
    names = [*settings]
    dice.shuffle(names)
    lines = ["[clean]", 'timezone = "Europe/Berlin"']
    for name in names:
        lines.append(f"[clean.columns.{json.dumps(name, ensure_ascii=False)}]")
        lines += [
            f"{key} = {json.dumps(value, ensure_ascii=False)}"
            for key, value in settings[name].items()
        ]
    return "\n".join(lines) + "\n"


def publish_raw(volume: Path, rows: pa.Table) -> None:
    volume.mkdir(parents=True)
    with open_draft(volume) as draft:
        middle = rows.num_rows // 2
        for number, part in enumerate((rows.slice(0, middle), rows.slice(middle))):
            path = draft.folder("table") / f"part-{number:05}.parquet"
            parquet.write_table(part, path, store_schema=False)
        manifest = {
            "contract": "1.0",
            "kind": "raw-data",
            "id": "0123456789abcdef",
            "rows": rows.num_rows,
            "lineage": [{"source": "t.csv", "bytes": 1, "sha256": "0" * 64}],
        }
        publish(draft, volume, manifest, run={})


def clean_by(stage: str, folder: Path, rows: pa.Table, pipeline: str) -> Artifact:
    """Return what a stage makes of a table, as a plain process."""
    publish_raw(folder / stage / "raw-data", rows)
    (folder / "hostile.toml").write_text(pipeline, encoding="utf-8")
    environment = {"PIPELINE": "hostile", "PIPELINES": str(folder), "VOLUMES": str(folder / stage)}
    run = subprocess.run(
        [ROOT / "scripts/local.sh", stage],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{pipeline}{run.stdout}{run.stderr}"
    return open_latest(folder / stage / "clean-data", "clean-data")


def compare(folder: Path, rows: pa.Table, pipeline: str) -> None:
    ours, theirs = (clean_by(stage, folder, rows, pipeline) for stage in ("clean", "clean-sql"))

    assert document(theirs, "schema.json") == document(ours, "schema.json")
    assert rejects(theirs) == rejects(ours)
    assert table(theirs).equals(table(ours))
    for count in ("rejected", "rejected_by_reason", "duplicates"):
        assert theirs.manifest["metrics"][count] == ours.manifest["metrics"][count]
    assert ours.manifest["metrics"]["rejected"]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_make_the_same_of_hostile_texts(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # nothing here is secret
    columns, settings = some_table(dice)
    rows = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}

    compare(tmp_path, pa.table(rows), toml(settings, dice))


def test_both_keep_the_same_missing_tokens_as_values(tmp_path: Path) -> None:
    columns = {
        "continent": ["EU", "AS", "NA", "?"],
        "region": ["EU", "Asia", "NA", "EU"],
        "language": ["deu", "nan", "fra", ""],
        "fence": ["Low", "None", "Very high", "NA"],
        "declared": ["EU", "NA", "AS", "NA"],
        "named": ["some", "None", "some", "null"],
        "stated": ["EU", "NA", "AS", "EU"],
        "size": ["1", "x", "2", "NA"],
    }
    declared: dict[str, dict[str, Any]] = {
        "declared": {"type": "string"},
        "named": {"enum": ["some", "None"]},
        "stated": {"missing": ["NA"]},
        "size": {"type": "integer"},
    }
    rows = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})

    compare(tmp_path, rows, toml(declared, random.Random(0)))  # noqa: S311  # as above


TYPED: dict[str, tuple[Any, pa.DataType]] = {
    "whole": ((0, 1, -1, 2**53, -(2**53), None), pa.int64()),
    "small": ((0, 1, 127, -128, None), pa.int8()),
    "real": ((0.0, -0.0, 1.0, 1.5, 1e300, 1e-7, 123456789.0, float("nan"), None), pa.float64()),
    "single": ((0.1, 1.0, float("inf"), None), pa.float32()),
    "money": ((Decimal("1.50"), Decimal("-0.05"), Decimal("100.00"), None), pa.decimal128(9, 2)),
    "flag": ((True, False, None), pa.bool_()),
    "day": ((date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31), None), pa.date32()),
    "seen": ((datetime(2024, 3, 31, 3, 30), datetime(2024, 5, 1), None), pa.timestamp("us")),
    "at": ((datetime(2024, 3, 31, 2, 30, tzinfo=UTC), None), pa.timestamp("ms", "Asia/Tokyo")),
    "text": (("Ulm", " 1", "true", "2024-01-31", "NA", "", None), pa.string()),
    "null": ((None,), pa.null()),
}


def test_both_make_the_same_of_typed_columns(tmp_path: Path) -> None:
    """A cell a row, all others are null, and a column for each type that it may be declared as."""
    cells: dict[str, list[Any]] = {}
    declared: dict[str, dict[str, Any]] = {}
    for name, (values, arrow_type) in TYPED.items():
        for kind in (None, *POOLS):
            cells[f"{name} as {kind}"] = [(value, arrow_type) for value in values]
            declared[f"{name} as {kind}"] = {"type": kind} if kind else {}
    declared["whole as boolean"] |= {"true_values": ["1"], "false_values": ["0", "-1"]}
    rows = sum(map(len, cells.values()))
    columns, before = {"row": pa.array(range(rows))}, 0
    for name, column in cells.items():
        values = [None] * before + [value for value, _ in column]
        before = len(values)
        columns[name] = pa.array(values + [None] * (rows - before), column[0][1])

    compare(tmp_path, pa.table(columns), toml(declared, random.Random(0)))  # noqa: S311  # as above
