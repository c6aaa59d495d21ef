"""`make status`, `make history`, `make diff`: what the volumes say, on a pipeline that ran."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from conftest import MakePipeline
from support.local_stages import SETTINGS
from support.running import BATCH, KINDS, ROOT, Pipeline, last_line

TABLE = "".join((ROOT / "data/penguins.csv").read_text("utf-8").splitlines(keepends=True)[::3])
BIGGER = f"{TABLE}Gentoo,Biscoe,50,15,220,5000,male,2009\n"
LINE = re.compile(r"^(\w+) +([0-9a-f]{16}) +([\d,]+)  20\S+ \S+ +[\d.]+ s  (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    """A pipeline that is up, has trained with two seeds, and has cleaned in two ways."""
    pipeline = session_pipelines()
    pipeline.provide("table.csv", TABLE)
    pipeline.configure(SETTINGS)
    run(pipeline, "up")
    pipeline.configure(f"{SETTINGS}seed = 1\n")
    run(pipeline, "rerun")
    pipeline.configure(f"{SETTINGS}seed = 1\n[clean.columns.year]\ntype = 'string'\n")
    run(pipeline, "rerun")
    return pipeline


def run(pipeline: Pipeline, command: str, *arguments: str) -> str:
    done = pipeline.make(command, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def look(pipeline: Pipeline, command: str, *arguments: str) -> str:
    done = pipeline.look(command, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def idle(pipeline: Pipeline, stage: str) -> Iterator[Pipeline]:
    """Yield the pipeline with a stage that ends with 0 and does nothing; then run it as it was."""
    override = pipeline.folder / "idle.yaml"
    override.write_text(f'services: {{{stage}: {{entrypoint: ["true"]}}}}', encoding="utf-8")
    yield replace(pipeline, compose_files=(override,))
    pipeline.provide("table.csv", TABLE)
    run(pipeline, "rerun")


def test_status_shows_what_is_live_and_what_it_was_made_from(pipeline: Pipeline) -> None:
    status = look(pipeline, "status")

    live = [pipeline.latest(kind) for kind in KINDS]
    origins = ["table.csv (", *(f"{each.kind} {each.id}" for each in live)]
    lines = LINE.findall(status)
    assert [line[:3] for line in lines] == [
        (stage, each.id, f"{each.rows:,}") for stage, each in zip(BATCH, live, strict=True)
    ]
    assert all(line[3].startswith(origin) for line, origin in zip(lines, origins[:4], strict=True))
    assert "the lineage is complete, from source to model" in status
    assert last_line_of(status) == f"serve answers with model {live[-1].id}"


def last_line_of(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_status_says_when_serve_is_down(pipeline: Pipeline) -> None:
    pipeline.compose("stop", "serve")

    status = pipeline.look("status")

    pipeline.compose("start", "serve")
    assert status.returncode == 2
    assert last_line_of(status.stdout) == f"serve is not running, {pipeline.hint('up')} starts it"


def test_status_shows_the_last_failure_until_the_next_success(pipeline: Pipeline) -> None:
    settings = (pipeline.folder / "pipelines/tiny.toml").read_text(encoding="utf-8")
    pipeline.configure(settings.replace("'string'", "'strong'"))
    failed = pipeline.make("rerun")

    status = pipeline.look("status")

    pipeline.configure(settings)
    run(pipeline, "rerun")
    assert failed.returncode == 78
    assert status.returncode == 1
    assert re.search(
        r"^clean failed at 20\S+ \S+ with exit code 78: .*strong", status.stdout, re.MULTILINE
    )
    assert "failed" not in look(pipeline, "status")


def test_status_shows_that_a_model_is_pinned(pipeline: Pipeline) -> None:
    *_, oldest = re.findall(r"^[0-9a-f]{16}", run(pipeline, "models"), re.MULTILINE)
    run(pipeline, "rollback", oldest)

    status = look(pipeline, "status")

    run(pipeline, "unpin")
    assert f"model is pinned to {oldest}" in status
    assert "an older one, feature-data" in status


@pytest.mark.parametrize("command", ["up", "rerun"])
def test_a_stage_that_ends_well_and_does_nothing_is_named_although_nothing_was_due(
    pipeline: Pipeline, command: str
) -> None:
    with idle(pipeline, "features") as changed:
        done = changed.make(command)
        status = changed.look("status")

    assert (done.returncode, status.returncode) == (65, 2)
    assert "features exited with 0, but published nothing and named no artifact" in last_line(done)
    assert "broken: features exited with 0, but published nothing" in status.stdout


def test_a_stage_that_does_nothing_with_new_data_is_named_by_rerun_and_status(
    pipeline: Pipeline,
) -> None:
    with idle(pipeline, "clean") as changed:
        changed.provide("table.csv", BIGGER)
        done = changed.make("rerun")
        status = changed.look("status")

    assert (done.returncode, status.returncode) == (65, 2)
    assert "clean exited with 0 but published nothing for it" in last_line(done)
    assert re.search(r"broken: clean-data \w+ was not made from the latest raw-data", status.stdout)


def test_status_says_that_the_source_has_changed_since(pipeline: Pipeline) -> None:
    pipeline.provide("table.csv", BIGGER)

    status = pipeline.look("status")

    pipeline.provide("table.csv", TABLE)
    assert status.returncode == 1
    assert "due: raw-data " in status.stdout
    table = pipeline.folder / "data/table.csv"
    assert f"was made from an older {table}; ingest has not run since" in status.stdout


def test_status_gives_json_for_machines(pipeline: Pipeline) -> None:
    found = json.loads(look(pipeline, "status", "--json"))

    assert (found["pipeline"], found["level"], found["state"]) == ("tiny", 0, "well")
    assert found["mode"] == "batch"
    assert [stage["live"] for stage in found["stages"]] == [
        pipeline.latest(kind).id for kind in KINDS
    ]
    assert found["findings"] == [
        {"level": 0, "text": f"serve answers with model {pipeline.latest('model').id}"}
    ]


def test_history_lists_the_artifacts_with_what_changed_the_newest_first(
    pipeline: Pipeline,
) -> None:
    listed = look(pipeline, "history")

    blocks = dict(re.findall(r"^\w+: (\S+)\n((?:  .*\n?)+)", listed, re.MULTILINE))
    assert list(blocks) == list(KINDS)
    _heading, newest, oldest = blocks["clean-data"].splitlines()
    assert 'LATEST  settings.columns.year.type unset → "string"' in newest
    assert oldest.endswith("the oldest kept artifact")
    _heading, newest, middle, _oldest, *by_hand = blocks["model"].splitlines()
    assert [line.split()[2] for line in by_hand[1:]] == ["unpin", "rollback"]
    assert "LATEST, served  input feature-data" in newest
    assert middle.endswith("settings.seed 0 → 1")
    assert look(pipeline, "history", "train") == look(pipeline, "history", "model")


def test_an_unknown_stage_is_answered_with_the_closest_one(pipeline: Pipeline) -> None:
    result = pipeline.look("history", "trane")

    assert result.returncode == 78
    assert last_line(result) == "STAGE=trane: no such stage; did you mean train?"


def ids(pipeline: Pipeline, stage: str) -> list[str]:
    """Return the ids of a stage's artifacts, the oldest first."""
    return re.findall(r"^  ([0-9a-f]{16})", look(pipeline, "history", stage), re.MULTILINE)[::-1]


def test_diff_shows_settings_schema_and_metrics_side_by_side(pipeline: Pipeline) -> None:
    first, second, _ = ids(pipeline, "train")
    models = look(pipeline, "diff", first, second)
    tables = look(pipeline, "diff", *ids(pipeline, "clean"))

    assert re.search(r"^  seed +0 +1 +\+1$", models, re.MULTILINE)
    assert re.search(r"^schema +equal$", models, re.MULTILINE)
    assert re.search(r"^  log_loss +[\d.e-]+ \([^)]+\) +[\d.e-]+ \(", models, re.MULTILINE)
    assert re.search(r"^  year +integer +string", tables, re.MULTILINE)
    assert re.search(r"^  columns.year.type +- +string$", tables, re.MULTILINE)


def test_diff_gives_json_for_machines_and_takes_the_first_digits(pipeline: Pipeline) -> None:
    first, second, _ = ids(pipeline, "train")

    difference = json.loads(look(pipeline, "diff", first[:12], second[:12], "--json"))

    assert (difference["kind"], difference["a"], difference["b"]) == ("model", first, second)
    assert difference["settings"] == {"seed": {"a": 0, "b": 1}}
    assert difference["metrics"]["rows"]["a"] == difference["metrics"]["rows"]["b"]
    assert difference["metrics"]["log_loss"]["a"].keys() == {"value", "low", "high"}


def test_diff_of_an_unknown_id_names_the_known_ones_in_one_line(pipeline: Pipeline) -> None:
    model, table = ids(pipeline, "train")[0], ids(pipeline, "clean")[0]

    unknown = pipeline.look("diff", model, "!")
    missing = pipeline.look("diff", "", model)
    two_kinds = pipeline.look("diff", model, table)

    assert {each.returncode for each in (unknown, missing, two_kinds)} == {78}
    assert unknown.stderr.startswith("B=!: no such artifact; expected one of ")
    assert unknown.stderr.count("\n") == 1
    assert model in unknown.stderr
    assert f"A is missing; {pipeline.hint('history')} lists the ids" in missing.stderr
    assert "expected two of one kind" in two_kinds.stderr


def test_a_pipeline_that_never_ran_is_told_what_to_type(make_pipeline: MakePipeline) -> None:
    fresh = make_pipeline()
    fresh.provide("table.csv", TABLE)
    fresh.configure(SETTINGS)

    for command in ("status", "history", "verify"):
        result = fresh.look(command)
        assert result.returncode == 65
        assert (
            last_line(result)
            == f"pipeline tiny has published nothing yet; {fresh.hint('up')} runs it"
        )
