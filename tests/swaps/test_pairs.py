"""Swaps of two stages at once: each works with each, and the API keeps its promises."""

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from conftest import MakePipeline
from serve_testing.request_forms import infer_request, numbers_of
from support.running import ROOT, SWAPS, Pipeline, stage_of, swap_override

pytestmark = pytest.mark.usefixtures("swap_images")

PAIRS = [(one, two) for one, two in combinations(SWAPS, 2) if stage_of(one) != stage_of(two)]
BATCH_PAIRS = [pair for pair in PAIRS if "serve" not in map(stage_of, pair)]
SERVER_PAIRS = [pair for pair in PAIRS if "serve" in map(stage_of, pair)]


def penguins(make: MakePipeline) -> Pipeline:
    """Return a pipeline of a module's own, not up yet."""
    pipeline = make(name="penguins")
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    settings = (ROOT / "pipelines/penguins.toml").read_text(encoding="utf-8")
    # One trainer after another is to go live here, be it better or worse.
    pipeline.configure(f'{settings}\n[train]\ntrials = 2\n[train.gate]\nworse_by = "any"\n')
    return pipeline


@pytest.fixture(scope="module")
def served(session_pipelines: MakePipeline) -> Pipeline:
    """The penguins with the default stages, up."""
    pipeline = penguins(session_pipelines)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


@pytest.fixture(scope="module")
def not_up(session_pipelines: MakePipeline) -> Pipeline:
    return penguins(session_pipelines)


def swapped(pipeline: Pipeline, pair: tuple[str, ...]) -> Pipeline:
    return replace(pipeline, compose_files=tuple(map(swap_override, pair)))


def examples(pipeline: Pipeline) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """Return rows of the live model and the probabilities that it was published with."""
    lines = pipeline.latest("model").file("examples.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return [each["row"] for each in records], [each["expected"] for each in records]


@pytest.mark.parametrize("pair", BATCH_PAIRS, ids="+".join)
def test_the_running_server_takes_the_model_of_two_swapped_stages(
    served: Pipeline, pair: tuple[str, str]
) -> None:
    server = served.container_id("serve")

    ran = swapped(served, pair).make("rerun")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert served.container_id("serve") == server
    rows, expected = examples(served)
    with served.client() as client:
        answer = client.post("/predict", json={"rows": rows})
        unknown = client.post("/predict", json={"rows": [rows[0] | {"ilsand": "Dream"}]})
        wrong = client.post("/predict", json={"rows": [rows[0] | {"body_mass_g": "heavy"}]})
        model = client.get("/model").json()
    assert answer.json()["model"] == served.latest("model").id == model["id"]
    np.testing.assert_allclose(numbers_of(answer, has_classes=True), expected, atol=1e-5)
    assert (unknown.status_code, wrong.status_code) == (422, 422)
    assert "island" in unknown.text
    assert wrong.json()["errors"][0]["column"] == "body_mass_g"


@pytest.mark.parametrize("pair", SERVER_PAIRS, ids="+".join)
def test_another_server_answers_with_the_model_of_a_swapped_stage(
    not_up: Pipeline, pair: tuple[str, str]
) -> None:
    up = swapped(not_up, pair).make("up")

    assert up.returncode == 0, up.stdout + up.stderr
    rows, expected = examples(not_up)
    fields = json.loads(not_up.latest("model").file("model.json").read_bytes())["signature"][
        "fields"
    ]
    columns = {field["name"]: [row[field["name"]] for row in rows] for field in fields}
    with not_up.client() as client:
        answer = client.post("/v2/models/penguins/infer", content=infer_request(columns, fields)[0])
    assert answer.json()["model_version"] == not_up.latest("model").id
    np.testing.assert_allclose(numbers_of(answer, has_classes=True), expected, atol=1e-5)
