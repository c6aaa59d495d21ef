"""`make up`: from a table to an answer, with what a newcomer sees on the way."""

import json
import re
import shlex
import subprocess

import pytest
from conftest import MakePipeline
from support.running import BATCH, KINDS, ROOT, Pipeline

type FirstUp = tuple[Pipeline, str]
"""A pipeline that is up, and what that printed."""

TWO_LINES = 'source = "penguins.csv"\ntarget = "species"\n'


def penguin_pipeline(make_pipeline: MakePipeline) -> Pipeline:
    pipeline = make_pipeline()
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure(TWO_LINES)
    return pipeline


@pytest.fixture(scope="module")
def first_up(session_pipelines: MakePipeline) -> FirstUp:
    """What a newcomer sees, and the pipeline that it leaves."""
    pipeline = penguin_pipeline(session_pipelines)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stderr
    return pipeline, up.stdout


def test_two_lines_lead_to_an_answer_and_the_printed_curl_gives_it(first_up: FirstUp) -> None:
    _, printed = first_up

    command = next(line for line in printed.splitlines() if line.startswith("curl "))
    answer = subprocess.run(shlex.split(command), capture_output=True, check=True, text=True).stdout
    prediction = json.loads(answer)["predictions"][0]
    assert prediction["species"] in {"Adelie", "Chinstrap", "Gentoo"}
    assert answer.strip() in printed


def test_the_log_of_every_stage_is_shown_in_order_and_the_chain_is_checked(
    first_up: FirstUp,
) -> None:
    _, printed = first_up

    published = re.findall(r"^(\w+) +published (\S+) \w+", printed, re.MULTILINE)
    assert published == list(zip(BATCH, KINDS, strict=True))
    assert "the lineage is complete, from source to model" in printed


def test_the_model_leads_back_to_the_bytes_of_the_source(penguins: Pipeline) -> None:
    lineage = penguins.latest("model").manifest["lineage"]
    source = penguins.latest("raw-data").manifest["inputs"]

    assert lineage[:1] == source
    assert [entry["kind"] for entry in lineage[1:]] == ["raw-data", "clean-data", "feature-data"]
    for entry in lineage[1:]:
        assert entry["content"] == penguins.latest(entry["kind"]).content


def test_a_second_up_does_nothing_and_leaves_serve_alone(first_up: FirstUp) -> None:
    pipeline, _ = first_up
    serve = pipeline.container_id("serve")

    again = pipeline.make("up")

    assert again.returncode == 0, again.stderr
    assert again.stdout.count("unchanged: ") == len(BATCH)
    assert pipeline.container_id("serve") == serve


def test_two_pipelines_run_beside_each_other(penguins: Pipeline, diamonds: Pipeline) -> None:
    with penguins.client() as first, diamonds.client() as second:
        assert first.get("/model").json()["name"] == "penguins"
        assert second.get("/model").json()["name"] == "diamonds"


def test_what_the_containers_may_not_read_is_named_with_the_command_to_type(
    make_pipeline: MakePipeline,
) -> None:
    pipeline = penguin_pipeline(make_pipeline)
    table = pipeline.folder / "data/penguins.csv"
    table.chmod(0o600)

    up = pipeline.make("up")

    assert up.returncode == 65
    assert re.search(r"penguins\.csv: not readable .* type: chmod ", up.stderr)
    assert up.stderr.strip().endswith(f"type: chmod a+r '{table}'")


def test_an_unknown_pipeline_is_refused_with_the_known_ones_and_make_init(
    make_pipeline: MakePipeline,
) -> None:
    pipeline = make_pipeline(name="penguin")
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    (pipeline.folder / "pipelines").mkdir()
    (pipeline.folder / "pipelines/penguins.toml").write_text(TWO_LINES, encoding="utf-8")

    up = pipeline.make("up")

    assert up.returncode == 78
    assert "penguin.toml: no such file; there are: penguins.toml" in up.stderr
    assert re.search(
        r"; to write it from a table: .*make init FILE=data/… NAME=penguin$",
        up.stderr,
        re.MULTILINE,
    )
