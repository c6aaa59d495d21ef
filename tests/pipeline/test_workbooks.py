"""A workbook, from `make init` to its predictions and those of another workbook."""

import csv
import json

from conftest import MakePipeline
from support.made_workbooks import Row, workbook

TITLE: Row = ["Houses of the town"]
HEADER: Row = ["district", "size", "price"]


def rows(count: int) -> list[Row]:
    """Return rows whose price depends on district and size."""
    return [
        ["north" if row % 3 else "south", row % 17 + row / 100, 3 * (row % 17) + row * 7 % 5]
        for row in range(count)
    ]


def test_a_workbook_becomes_a_pipeline_that_scores_workbooks(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(name="houses")
    sheets: dict[str, list[Row]] = {"Houses": [TITLE, HEADER, *rows(200)], "Codes": [["a"], [1]]}
    pipeline.provide("houses.xlsx", workbook(sheets))
    (pipeline.folder / "pipelines").mkdir(exist_ok=True)

    made = pipeline.init(FILE="data/houses.xlsx", TARGET="price")
    up = pipeline.make("up")

    assert made.returncode == 0, made.stderr
    assert "hidden sheets are not read: Codes" in made.stderr
    assert up.returncode == 0, up.stdout + up.stderr
    columns = json.loads(pipeline.latest("raw-data").file("source.json").read_bytes())["columns"]
    types = {column["name"]: column["type"] for column in columns}
    assert types == {"district": "string", "size": "double", "price": "int64"}

    new = [row[:2] for row in rows(5)]
    pipeline.provide("new.xlsx", workbook({"New": [HEADER[:2], *new]}))
    scored = pipeline.score(IN="data/new.xlsx", OUT="scored.csv")
    unknown = pipeline.score(IN="new.xlsx", OUT="none.csv", SHEET="Neu")

    assert scored.returncode == 0, scored.stdout + scored.stderr
    with (pipeline.folder / "out/scored.csv").open(encoding="utf-8", newline="") as file:
        found = [*csv.DictReader(file)]
    with pipeline.client() as client:
        asked = [dict(zip(HEADER, row, strict=False)) for row in new]
        answer = client.post("/predict", json={"rows": asked}).raise_for_status().json()
    expected = [row["price"] for row in answer["predictions"]]
    assert [float(row["predicted_price"]) for row in found] == expected
    assert unknown.returncode == 78
    assert "did you mean New?" in unknown.stderr
    assert sorted(path.name for path in (pipeline.folder / "out").iterdir()) == ["scored.csv"]
