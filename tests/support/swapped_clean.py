"""Penguins whose clean is a swap, and what the default clean makes of the same input.

A module says which swap by its SWAP, and takes its tests from here.
"""

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from conftest import MakePipeline
from pyarrow import parquet
from stage_contract import Artifact

from support.running import ROOT, Pipeline, swap_override

SETTINGS = 'source = "penguins.csv"\ntarget = "species"\n[train]\ntrials = 2\n'


def up_with(swap: str, make: MakePipeline) -> Pipeline:
    """Return a pipeline that is up, with this swap of clean."""
    pipeline = make(compose_files=(swap_override(swap),))
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


def test_the_api_answers_with_what_it_cleaned(pipeline: Pipeline) -> None:
    row = {"island": "Biscoe", "bill_length_mm": 46.1, "bill_depth_mm": 13.2, "sex": "female"}
    with pipeline.client() as client:
        answer = client.post("/predict", json={"rows": [row | {"year": 2007}]})

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["species"] == "Gentoo"


def test_it_cleans_as_the_default_does(pipeline: Pipeline, request: pytest.FixtureRequest) -> None:
    ours = pipeline.latest("clean-data")
    kind = request.module.SWAP.removeprefix("clean-")
    assert ours.manifest["stage"]["version"].startswith(f"{kind} ")
    default = by_default(pipeline)

    assert default.id != ours.id
    assert table(ours).equals(table(default))
    assert document(ours, "schema.json") == document(default, "schema.json")
    assert rejects(ours) == rejects(default)


def by_default(pipeline: Pipeline) -> Artifact:
    """Run the default clean on the same volumes and return what it published."""
    default = replace(pipeline, compose_files=())
    run = default.compose("run", "--rm", "--no-deps", "clean")
    assert run.returncode == 0, run.stdout + run.stderr
    return default.latest("clean-data")


def table(artifact: Artifact) -> pa.Table:
    return pa.concat_tables([parquet.ParquetFile(part).read() for part in artifact.files("table")])


def document(artifact: Artifact, name: str) -> Any:
    return json.loads(artifact.file(name).read_bytes())


def rejects(artifact: Artifact) -> list[dict[str, Any]]:
    # Of bytes, as U+2028 ends a line of text, and none of the file.
    parts = [path.read_bytes() for path in artifact.files("rejects")]
    return [json.loads(line) for part in parts for line in part.splitlines()]
