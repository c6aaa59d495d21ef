"""The same dirty row gives the same features, whether it comes in a CSV or as a request."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pipeline.dirty_table import NUMBER, PLAIN, SETTINGS, TARGET, Row, table
from pyarrow import parquet
from serve_testing.request_forms import csv_table
from support.local_stages import LocalPipeline
from support.running import KINDS, ROOT

ROWS = 10_000
SEED = 20_260_101
STAGES = ("ingest", "clean", "features")
NUMERIC = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> LocalPipeline:
    """A pipeline that has made features of the table."""
    names = [f"{stage}-tests" for stage in (*STAGES, "serve")]
    subprocess.run([ROOT / "scripts/envs.sh", *names], check=True)
    pipeline = LocalPipeline(tmp_path_factory.mktemp("dirty"))
    for folder in ("data", "pipelines", *(f"volumes/{kind}" for kind in KINDS)):
        (pipeline.root / folder).mkdir(parents=True)
    rows = table(ROWS, seed=SEED)
    pipeline.source.write_bytes(csv_table(rows, [*rows[0]]))
    pipeline.packages.write_text("", encoding="utf-8")
    pipeline.settings.write_text(SETTINGS, encoding="utf-8")
    for stage in STAGES:
        result = pipeline.run(stage)
        assert result.returncode == 0, result.stdout + result.stderr
    return pipeline


def as_values(row: Row) -> dict[str, Any]:
    """Return a row as JSON has it: a number where the column has no rule for its texts."""
    return {name: _as_number(text) if name in PLAIN else text for name, text in row.items()}


def _as_number(text: str) -> float | str:
    trimmed = text.strip()
    return float(trimmed) if NUMERIC.fullmatch(trimmed) else text


def read_by_serve(pipeline: LocalPipeline, rows: list[Row], folder: Path) -> dict[str, list[Any]]:
    """Return what serve makes of each row by the form of the request."""
    schema = json.loads(pipeline.latest("features").file("schema.json").read_bytes())
    asked = {"texts": rows, "values": [*map(as_values, rows)], "schema": schema}
    (folder / "asked.json").write_text(json.dumps(asked | {"ignored": [TARGET]}))
    paths = ("contract/src", "services/serve/src", "services/serve/testing")
    answer = subprocess.run(
        [
            ROOT / ".envs/serve-tests/bin/python",
            *("-m", "serve_testing.request_reading", folder / "asked.json"),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in paths)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, list[Any]] = json.loads(answer.stdout)
    return found


def rejected(pipeline: LocalPipeline) -> dict[int, str]:
    """Return the column that clean found wrong, by the number of the row."""
    parts = pipeline.latest("clean").files("rejects")
    lines = [line for part in parts for line in part.read_text("utf-8").splitlines()]
    return {int(each["record"][NUMBER]): each["column"] for each in map(json.loads, lines)}


def matrix(pipeline: LocalPipeline) -> NDArray[np.float32]:
    """Return the features of all rows in the order of their numbers."""
    artifact = pipeline.latest("features")
    names = [f["name"] for f in json.loads(artifact.file("features.json").read_bytes())["features"]]
    paths = [*artifact.files("train"), *artifact.files("test")]
    features = pa.concat_tables(parquet.read_table(path, columns=names) for path in paths)
    columns = np.array([column.to_numpy() for column in features.columns], np.float32)
    rows: NDArray[np.float32] = columns.T[columns[names.index(NUMBER)].argsort()]
    return rows


def features_of(pipeline: LocalPipeline, outcomes: list[Any]) -> NDArray[np.float32]:
    """Return what the graph makes of what serve has read."""
    graph = pipeline.latest("features").file("transform.onnx").read_bytes()
    feed = {
        "numbers": np.array([outcome["numbers"] for outcome in outcomes]),
        "strings": np.array([outcome["strings"] for outcome in outcomes], object),
    }
    return np.asarray(onnxruntime.InferenceSession(graph).run(["features"], feed)[0], np.float32)


def test_ten_thousand_dirty_rows_give_the_same_features_in_a_table_and_in_requests(
    dirty: LocalPipeline, tmp_path: Path
) -> None:
    print(f"seed {SEED}")  # noqa: T201  # which rows these are
    rows = table(ROWS, seed=SEED)
    wrong, expected = rejected(dirty), matrix(dirty)

    found = read_by_serve(dirty, rows, tmp_path)

    assert ROWS * 0.05 < len(wrong) < ROWS * 0.3
    assert len({*wrong.values()}) > 6  # so that a rule which takes anything would show
    assert len(expected) == ROWS - len(wrong)
    for form, outcomes in found.items():
        refused = {n: o["wrong"] for n, o in enumerate(outcomes) if "wrong" in o}
        assert refused == wrong, form
        features = features_of(dirty, [outcome for outcome in outcomes if "wrong" not in outcome])
        np.testing.assert_array_equal(features, expected, form)
