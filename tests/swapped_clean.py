"""Penguins whose clean is a swap, and what the default clean makes of the same input."""

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
from conftest import MakePipeline
from pyarrow import parquet
from running import ROOT, TAG, Pipeline
from stage_contract import Artifact

SETTINGS = 'source = "penguins.csv"\ntarget = "species"\n[train]\ntrials = 2\n'


def up_with(swap: str, make: MakePipeline) -> Pipeline:
    """Return a pipeline that is up, with this swap of clean."""
    pipeline = make(compose_files=(ROOT / f"swaps/{swap}/compose.yaml",))
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


def image_of(swap: str) -> str:
    return f"stagecoach/{swap}:{TAG}"


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
    lines = [path.read_text(encoding="utf-8") for path in artifact.files("rejects")]
    return [json.loads(line) for line in "".join(lines).splitlines()]
