"""`make rerun`: only what is due, while serve goes on answering."""

import json
from dataclasses import replace

import httpx
import pytest
from conftest import MakePipeline
from support.polling import failed, polling
from support.running import BATCH, KINDS, ROOT, TAG, Pipeline, last_line

PENGUINS = (ROOT / "data/penguins.csv").read_text(encoding="utf-8")
ROWS = PENGUINS.splitlines(keepends=True)


SETTINGS = """source = "penguins.csv"
target = "species"
[train]
candidates = ["linear"]
trials = 1
"""
"""What is measured here is what is due, not how long it takes."""


@pytest.fixture(scope="module")
def running(session_pipelines: MakePipeline) -> Pipeline:
    """A pipeline of all penguins but the last ten, up."""
    pipeline = session_pipelines()
    provide_first(pipeline)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stderr
    return pipeline


@pytest.fixture
def pipeline(running: Pipeline) -> Pipeline:
    """The same as it was at first, whatever another test has made of it; no two use equal rows."""
    provide_first(running)
    rerun = running.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    return running


def provide_first(pipeline: Pipeline) -> None:
    pipeline.provide("penguins.csv", "".join(ROWS[:-10]))
    pipeline.configure(SETTINGS)


def test_nothing_changed_so_four_stages_say_so_and_no_file_is_rewritten(
    pipeline: Pipeline,
) -> None:
    before = {kind: pipeline.inodes(kind) for kind in KINDS}

    rerun = pipeline.make("rerun")

    assert rerun.returncode == 0, rerun.stderr
    assert rerun.stdout.count("unchanged: ") == len(BATCH)
    assert {kind: pipeline.inodes(kind) for kind in KINDS} == before


def test_a_changed_train_setting_makes_only_train_work_and_the_log_names_it(
    pipeline: Pipeline,
) -> None:
    pipeline.configure(f"{SETTINGS}seed = 7\n")

    rerun = pipeline.make("rerun")

    assert rerun.returncode == 0, rerun.stderr
    assert rerun.stdout.count("unchanged: ") == len(BATCH) - 1
    assert "train     works, changed: settings.seed 0 → 7" in rerun.stdout


def test_new_rows_go_through_all_stages_and_live_without_a_failed_request(
    pipeline: Pipeline,
) -> None:
    before = pipeline.latest("model").id
    pipeline.provide("penguins.csv", PENGUINS)

    with polling(pipeline) as answers:
        rerun = pipeline.make("rerun")

    assert rerun.returncode == 0, rerun.stderr
    assert rerun.stdout.count("works, changed: input ") == len(BATCH)
    after = pipeline.latest("model").id
    models = [answer.json()["model"] for answer in answers if isinstance(answer, httpx.Response)]
    assert failed(answers) == []
    assert models[0] == before
    assert models[-1] == after != before
    assert models == sorted(models, key=[before, after].index)


def test_rows_that_come_back_make_the_earlier_model_the_latest_again(pipeline: Pipeline) -> None:
    before = pipeline.latest("model").id
    pipeline.provide("penguins.csv", "".join(ROWS[:-5]))
    pipeline.make("rerun")
    pipeline.provide("penguins.csv", "".join(ROWS[:-10]))

    rerun = pipeline.make("rerun")

    assert rerun.stdout.count("published before: ") == len(BATCH)
    assert pipeline.latest("model").id == before


def test_a_broken_stage_leaves_the_live_api_answering(pipeline: Pipeline) -> None:
    broken = pipeline.folder / "broken.yaml"
    entrypoint = 'ENTRYPOINT ["python", "-c", "raise SystemExit(9)"]'
    dockerfile = f"FROM stagecoach/features:{TAG}\n{entrypoint}"
    build = {"context": str(pipeline.folder / "pipelines"), "dockerfile_inline": dockerfile}
    override = {"services": {"features": {"image": f"{pipeline.project}/broken", "build": build}}}
    text = json.dumps(override).replace('"build": ', '"build": !override ')
    broken.write_text(text, encoding="utf-8")
    changed = replace(pipeline, compose_files=(broken,))

    with polling(pipeline) as answers:
        rerun = changed.make("rerun")

    pipeline.engine.images.remove(f"{pipeline.project}/broken", force=True)
    assert rerun.returncode == 9, rerun.stdout + rerun.stderr
    assert "features failed with exit code 9" in rerun.stdout
    assert len(answers) > 10
    assert failed(answers) == []


def test_a_stage_that_ends_well_but_publishes_nothing_is_named(pipeline: Pipeline) -> None:
    idle = pipeline.folder / "idle.yaml"
    idle.write_text('services: {clean: {entrypoint: ["true"]}}', encoding="utf-8")
    changed = replace(pipeline, compose_files=(idle,))
    pipeline.provide("penguins.csv", "".join(ROWS[:-3]))

    rerun = changed.make("rerun")

    assert rerun.returncode == 65
    assert "clean exited with 0 but published nothing for it" in last_line(rerun)
