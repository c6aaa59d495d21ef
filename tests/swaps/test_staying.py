"""Always on with an image that knows nothing of it: the overrides that docs/watch.md tells."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from textwrap import dedent

import pytest
from conftest import MakePipeline
from stage_contract import Artifact, ContractError
from support.running import ROOT, Pipeline, swap_override
from support.waiting import until

WATCH = ROOT / "deploy/watch.yaml"
GUIDE = (ROOT / "docs/watch.md").read_text(encoding="utf-8")
LOOP, ONCE = map(dedent, re.findall(r"( *services:\n.*?)```", GUIDE, re.DOTALL))
ROWS = (ROOT / "data/penguins.csv").read_text(encoding="utf-8").splitlines(keepends=True)

type Start = Callable[[Pipeline], object]


@pytest.mark.parametrize(
    ("swap", "override", "start"),
    [
        ("clean-sql", LOOP, lambda _: None),
        ("clean-go", ONCE, lambda pipeline: pipeline.compose("start", "clean")),
    ],
    ids=["loop", "once"],
)
def test_a_swap_that_can_not_stay_follows_its_input_all_the_same(
    make_pipeline: MakePipeline,
    swap_images: dict[str, str],  # noqa: ARG001  # built before it starts
    swap: str,
    override: str,
    start: Start,
) -> None:
    pipeline = make_pipeline()
    mine = pipeline.folder / "mine.yaml"
    mine.write_text(override, encoding="utf-8")
    staying = replace(pipeline, compose_files=(WATCH, swap_override(swap), mine))
    staying.configure('source = "penguins.csv"\ntarget = "species"\n')
    staying.provide("penguins.csv", "".join(ROWS[:-10]))
    up = staying.compose("up", "--detach", "ingest", "clean")
    assert up.returncode == 0, up.stderr

    until(lambda: latest(staying, "raw-data"))
    start(staying)
    until(lambda: latest(staying, "clean-data"), otherwise=lambda: log(staying))
    staying.provide("penguins.csv", "".join(ROWS))
    until(lambda: rows(staying, "raw-data") == len(ROWS) - 1)
    start(staying)
    until(lambda: rows(staying, "clean-data") == len(ROWS) - 1, otherwise=lambda: log(staying))


def latest(pipeline: Pipeline, kind: str) -> Artifact | None:
    with suppress(ContractError):
        return pipeline.latest(kind)
    return None


def rows(pipeline: Pipeline, kind: str) -> int | None:
    artifact = latest(pipeline, kind)
    return None if artifact is None else artifact.rows


def log(pipeline: Pipeline) -> str:
    return pipeline.compose("logs", "clean").stdout
