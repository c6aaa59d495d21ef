"""A text, an order, groups, weights, a logarithm: from a CSV to an answer, as plain processes."""

import csv
import json
import math
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet
from support.local_stages import LocalPipeline, serving
from support.running import KINDS, ROOT
from support.sales import ROW, ROWS, SETTINGS, write_sales


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> LocalPipeline:
    """A pipeline that has run on the sales."""
    stages = ("ingest", "clean", "features", "train", "serve")
    subprocess.run([ROOT / "scripts/envs.sh", *(f"{stage}-tests" for stage in stages)], check=True)
    pipeline = LocalPipeline(tmp_path_factory.mktemp("sales"))
    for folder in ("data", "pipelines", *(f"volumes/{kind}" for kind in KINDS)):
        (pipeline.root / folder).mkdir(parents=True)
    pipeline.packages.write_text("Package: libc6\nVersion: 2.41-12\n", encoding="utf-8")
    pipeline.settings.write_text(SETTINGS, encoding="utf-8")
    write_sales(pipeline.source)
    pipeline.run_all()
    return pipeline


@pytest.fixture(scope="module")
def api(sales: LocalPipeline) -> Iterator[httpx.Client]:
    with serving(sales) as client:
        yield client


def document(pipeline: LocalPipeline, stage: str, name: str) -> Any:
    return json.loads(pipeline.latest(stage).file(name).read_bytes())


def table(pipeline: LocalPipeline, folder: str) -> pa.Table:
    return parquet.read_table(pipeline.latest("features").path / folder)


def predict(api: httpx.Client, *rows: dict[str, Any]) -> list[float]:
    answer = api.post("/predict", json={"rows": rows})
    assert answer.status_code == httpx.codes.OK, answer.text
    return [prediction["price"] for prediction in answer.json()["predictions"]]


def test_rows_that_can_not_be_learnt_from_are_kept_with_the_reason(sales: LocalPipeline) -> None:
    lines = sales.latest("features").path.joinpath("rejects/part-00000.jsonl").read_text("utf-8")

    reasons = [json.loads(line)["reason"] for line in lines.splitlines()]
    assert reasons == ["target without logarithm", "weight not positive", "group missing"]
    assert sales.latest("features").manifest["rows"] == ROWS


def test_groups_and_weights_stand_beside_the_features(sales: LocalPipeline) -> None:
    train, test, rows = (table(sales, folder) for folder in ("train", "test", "test-rows"))

    assert test.column_names[-3:] == ["@target", "@group", "@weight"]
    assert test["@weight"].to_pylist() == rows["pieces"].to_pylist()
    with sales.source.open(encoding="utf-8", newline="") as file:
        held_out = set(rows["seller"].to_pylist())
        found = sum(row["seller"] in held_out for row in csv.DictReader(file))
    # Two of the last three rows are those of a seller, and rejected.
    assert len(test) in {found, found - 2}
    assert len(train) + len(test) == ROWS


def test_no_name_of_a_group_leaves_the_clean_table(sales: LocalPipeline) -> None:
    model = sales.latest("train").path

    for path in [*model.iterdir(), sales.latest("features").path / "transform.onnx"]:
        assert b"seller-" not in path.read_bytes()


def test_the_model_learns_logarithms_and_predicts_prices(
    sales: LocalPipeline, api: httpx.Client
) -> None:
    model = document(sales, "train", "model.json")
    leather, oak = predict(api, ROW, ROW | {"notes": "oak chair with a table"})

    assert model["metrics"]["r2"]["value"] > 0.95
    assert math.log(leather / oak) == pytest.approx(1.5, abs=0.2)
    assert leather == pytest.approx(math.exp(3 + 2 * 0.5 + 1.5), rel=0.2)


def test_words_count_whatever_their_case_and_marks(api: httpx.Client) -> None:
    plain, marked = predict(
        api,
        ROW | {"notes": "oak chair with leather"},
        ROW | {"notes": '"Oak" (CHAIR), with\nleather...'},
    )

    assert plain == marked


def test_a_higher_place_in_the_order_costs_more(api: httpx.Client) -> None:
    prices = predict(api, *(ROW | {"condition": name} for name in ("poor", "fair", "good")))

    assert prices == sorted(prices)
    assert prices[2] > 2 * prices[0]


def test_odd_texts_are_answered(api: httpx.Client) -> None:
    texts = ["!", "Straße İ ß", "oak " * 5_000, "😀", "x\u2028y", "x" * 100_000]

    assert all(map(math.isfinite, predict(api, *(ROW | {"notes": text} for text in texts))))


def test_group_and_weight_are_accepted_and_ignored(api: httpx.Client) -> None:
    assert predict(api, ROW | {"seller": "seller-3", "pieces": 4}) == predict(api, ROW)
