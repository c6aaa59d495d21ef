"""The rule report: cells and rows that each rule changed, with examples, without private values."""

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from conftest import CleanStage, rejects_of


def rules_of(stage: CleanStage, columns: dict[str, list[str]], settings: str = "") -> Any:
    artifact = stage.clean(columns, settings)
    profile = json.loads(artifact.file("profile.json").read_bytes())
    assert profile["rows_in"] == profile["rows"] + profile["rejected"] + profile["duplicates"]
    return {rule.pop("rule"): rule for rule in profile["rules"]}


def test_cells_of_one_row_count_once_as_a_row(stage: CleanStage) -> None:
    rules = rules_of(stage, {"x": [" a", "b", "c"], "y": [" d ", "e", "f\t"]})

    assert rules == {
        "trim": {
            "rows": 2,
            "cells": 3,
            "columns": [
                {"name": "x", "cells": 1, "examples": [{"row": 1, "from": " a", "to": "a"}]},
                {
                    "name": "y",
                    "cells": 2,
                    "examples": [
                        {"row": 1, "from": " d ", "to": "d"},
                        {"row": 3, "from": "f\t", "to": "f"},
                    ],
                },
            ],
        }
    }


@pytest.mark.parametrize(
    ("column", "settings", "rule", "made"),
    [
        (["€ 5", "6"], 'affixes = ["€"]', "affixes", [5.0]),
        (["1.234,5", "6"], "", "groupChar, decimalChar", [1234.5]),
        (["5 %", "12%"], "", "percent", [0.05, 0.12]),
        (["31.12.2024", "2024-12-30"], 'format = "%d.%m.%Y"', "format", ["2024-12-31"]),
        (["25.3.2024 7:05"], "", "format", ["2024-03-25T07:05:00Z"]),
        (["yes", "no"], "", "trueValues, falseValues", [True, False]),
        (["?", "5"], "", "missingValues", [None]),
        (["Zoe\u0308", "b"], 'unicode = "NFC"', "unicode", ["Zo\u00eb"]),
        (["A", "b"], 'case = "lower"', "case", ["a"]),
        (["a  b", "b"], 'whitespace = "collapse"', "whitespace", ["a b"]),
        (["A", "b"], 'case = "lower"\nsynonyms = {"a" = "b"}', "synonyms", ["b"]),
    ],
)
def test_a_rule_shows_what_it_made_of_a_cell(
    stage: CleanStage, column: list[str], settings: str, rule: str, made: list[Any]
) -> None:
    rows = [str(number) for number in range(len(column))]
    rules = rules_of(stage, {"x": column, "row": rows}, f"[clean.columns.x]\n{settings}\n")

    examples = [
        {"row": number, "from": column[number - 1], "to": value}
        for number, value in enumerate(made, start=1)
    ]
    assert rules[rule]["rows"] == rules[rule]["cells"] == len(made)
    assert rules[rule]["columns"] == [{"name": "x", "cells": len(made), "examples": examples}]


def test_rejected_rows_count_by_their_first_fault(stage: CleanStage) -> None:
    rules = rules_of(
        stage,
        {"x": ["-1", "-2", "3"], "y": ["1", "z", "2"]},
        '[clean.columns.x]\nminimum = 0\n[clean.columns.y]\ntype = "integer"\n',
    )

    examples = [{"row": 1, "from": "-1"}, {"row": 2, "from": "-2"}]
    assert rules["constraint minimum"] == {
        "rows": 2,
        "cells": 2,
        "rejected": 2,
        "columns": [{"name": "x", "cells": 2, "examples": examples}],
    }
    assert rules["type"]["cells"] == 1
    assert "rejected" not in rules["type"]


def test_rules_between_rows_are_in_the_report(stage: CleanStage) -> None:
    rules = rules_of(
        stage,
        {"id": ["1", "1", "1"], "x": ["a", "a", "b"]},
        "[clean.columns.id]\nunique = true\n",
    )

    assert rules["duplicate"] == {"rows": 1, "columns": []}
    assert rules["not unique"] == {
        "rows": 1,
        "cells": 1,
        "rejected": 1,
        "columns": [{"name": "id", "cells": 1, "examples": [{"row": 3, "from": "1"}]}],
    }


def test_three_examples_are_enough(stage: CleanStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clean.tables.parquet_reader.BATCH_ROWS", 2)
    rules = rules_of(stage, {"x": [f" {n}" for n in range(7)]})

    assert rules["trim"]["cells"] == 7
    [column] = rules["trim"]["columns"]
    assert [example["row"] for example in column["examples"]] == [1, 2, 3]


def test_a_private_column_shows_no_example(stage: CleanStage) -> None:
    rules = rules_of(stage, {"x": [" secret"]}, "[clean.columns.x]\nprivate = true\n")

    assert rules["trim"]["columns"] == [{"name": "x", "cells": 1, "examples": []}]


def test_the_log_says_what_the_rules_did(stage: CleanStage) -> None:
    stage.clean({"x": [" a", "b "], "y": [" c", "NA"]})

    assert (
        "trim: 3 cells in 2 rows (x 2, y 1); missingValues: 1 cells in 1 rows (y 1)"
    ) in stage.printed()


def test_cells_of_a_typed_table_are_shown_even_where_json_or_python_has_none(
    stage: CleanStage,
) -> None:
    decimals = pa.array([Decimal("1.5"), Decimal("-2.5"), None])
    moments = pa.array([0, 1, 10**14], pa.timestamp("s"))
    stage.publish_raw(pa.table({"x": decimals, "t": moments}))

    assert stage.run("[clean.columns.x]\nminimum = 0\n") == 0, stage.printed()
    rules = json.loads(stage.artifact().file("profile.json").read_bytes())["rules"]
    examples = {rule["rule"]: rule["columns"][0]["examples"] for rule in rules}
    assert examples == {
        "constraint minimum": [{"row": 2, "from": "-2.5"}],
        "type": [{"row": 3, "from": "100000000000000000 ms since 1970"}],
        "timezone": [
            {"row": 1, "from": "1970-01-01T00:00:00", "to": "1970-01-01T00:00:00Z"},
            {"row": 2, "from": "1970-01-01T00:00:01", "to": "1970-01-01T00:00:01Z"},
        ],
    }
    assert [reject["record"] for reject in rejects_of(stage.artifact())] == [
        {"x": "-2.5", "t": "1970-01-01 00:00:01"},
        {"x": None, "t": "100000000000000000 ms since 1970"},
    ]
