"""Descriptors of a source: the lineage says how files were read and which columns were renamed."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import IngestStage as Stage
from ingest.tables.column_names import unique_names

VECTORS = Path(__file__).parents[3] / "contract/examples/vectors/headers-1.2.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_bytes())["cases"]


def entries(stage: Stage) -> list[dict[str, Any]]:
    lineage: list[dict[str, Any]] = stage.latest().artifact.manifest["lineage"]
    return lineage


def in_quotes(cells: list[str]) -> str:
    return ",".join(f'"{cell}"' for cell in cells)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_columns_get_the_names_of_the_contract(stage: Stage, case: dict[str, Any]) -> None:
    row = in_quotes(["1" for _ in case["header"]])

    published = stage.read(f"{in_quotes(case['header'])}\n{row}\n", 'delimiter = ","')

    assert unique_names(case["header"]) == case["names"]
    assert [*published.columns] == case["names"]
    [entry] = entries(stage)
    assert entry.get("renamed", []) == case["renamed"]


@pytest.mark.parametrize(
    ("content", "settings", "encoding", "dialect"),
    [
        (b"a,b\n1,2\n", "", "utf-8", {"delimiter": ",", "quoteChar": '"', "header": True}),
        (
            "a;b\n1;gr\u00fcn\n".encode("cp1252"),
            "",
            "cp1252",
            {"delimiter": ";", "quoteChar": '"', "header": True},
        ),
        (
            "\ufeffa\tb\n1\t2\n".encode("utf-16-le"),
            "",
            "utf-16",
            {"delimiter": "\t", "quoteChar": '"', "header": True},
        ),
        (
            b"Sales\n\n1|2\\|\n",
            'skip = 2\nheader = false\nquote = ""\nescape = "\\\\"\ndelimiter = "|"',
            "utf-8",
            {
                "delimiter": "|",
                "quoteChar": "",
                "escapeChar": "\\",
                "header": False,
                "commentRows": [1, 2],
            },
        ),
        (
            b"sep=;\na;b\n1;2\n",
            "",
            "utf-8",
            {"delimiter": ";", "quoteChar": '"', "header": True, "commentRows": [1]},
        ),
    ],
)
def test_the_lineage_says_how_a_csv_file_was_read(
    stage: Stage, content: bytes, settings: str, encoding: str, dialect: dict[str, Any]
) -> None:
    stage.read(content, settings)

    [entry] = entries(stage)
    assert (entry["encoding"], entry["dialect"]) == (encoding, dialect)
    assert entry.keys() == {"source", "bytes", "sha256", "encoding", "dialect"}


def test_each_file_has_its_own_form(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n", "1.csv")
    stage.provide("a; b\n1;2\n", "2.csv")
    stage.provide('{"a": 1, " b ": 2}\n', "3.jsonl")
    assert stage.run('source = "*"') == 0

    first, second, third = entries(stage)
    assert first["dialect"]["delimiter"] == ","
    assert second["dialect"]["delimiter"] == ";"
    assert second["renamed"] == [{"position": 2, "written": " b", "name": "b"}]
    assert third.keys() == {"source", "bytes", "sha256", "renamed"}
    assert third["renamed"] == [{"position": 2, "written": " b ", "name": "b"}]
