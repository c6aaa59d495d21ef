"""`make repair`, and what a command says of a stage that was killed."""

import os
import re
import subprocess
import threading
from dataclasses import replace

import pytest
from conftest import MakePipeline
from support.running import BATCH, KINDS, ROOT, Pipeline, last_line

TABLE = "size,price\n" + "".join(f"{n % 50},{n % 50 * 3}\n" for n in range(400))
SETTINGS = """source = "table.csv"
target = "price"
[train]
candidates = ["linear"]
trials = 1
"""
SLOW = """services:
  {stage}:
    entrypoint: ["python", "-c", "import time; print('started', flush=True); time.sleep(120)"]
"""
SILENT = """services:
  {stage}:
    entrypoint: ["sh", "-c", "exit 3"]
"""


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    pipeline = session_pipelines()
    pipeline.provide("table.csv", TABLE)
    pipeline.configure(SETTINGS)
    ran = pipeline.make("rerun")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return pipeline


def damage(pipeline: Pipeline, kind: str, pattern: str) -> None:
    """Change one byte of a file of the latest artifact; its size stays."""
    name = pipeline.latest(kind).id
    code = (
        "import pathlib, sys; path = next(pathlib.Path('/volume', sys.argv[1]).glob(sys.argv[2]));"
        "data = bytearray(path.read_bytes()); data[len(data) // 2] ^= 1; path.write_bytes(data)"
    )
    volumes = {f"{pipeline.project}_{kind}": {"bind": "/volume", "mode": "rw"}}
    pipeline.engine.containers.run(
        os.environ.get("PYTHON_IMAGE", "python:3.13-slim"),
        ["python", "-c", code, name, pattern],
        volumes=volumes,
        remove=True,
        network_mode="none",
    )


def contents(pipeline: Pipeline) -> dict[str, str]:
    return {kind: pipeline.latest(kind).content for kind in KINDS}


def test_a_whole_pipeline_needs_no_repair(pipeline: Pipeline) -> None:
    said = pipeline.make("repair")

    assert said.returncode == 0, said.stderr
    assert last_line(said).startswith("nothing is damaged")


def test_one_command_finds_what_is_damaged_and_makes_it_again(pipeline: Pipeline) -> None:
    before = contents(pipeline)
    damage(pipeline, "raw-data", "table/*.parquet")
    damage(pipeline, "model", "model.json")
    pipeline.configure(f"{SETTINGS}[clean.columns.size]\nmaximum = 40\n")
    refused = pipeline.make("rerun")
    pipeline.configure(SETTINGS)

    repaired = pipeline.make("repair")

    assert refused.returncode == 65
    assert f"PIPELINE={pipeline.name} make repair makes it again" in last_line(refused)
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert "running again: ingest train" in repaired.stdout
    assert contents(pipeline) == before
    assert pipeline.make("repair").stdout.startswith("nothing is damaged")


@pytest.mark.parametrize("stage", [BATCH[1]])
def test_a_killed_stage_is_not_explained_by_an_earlier_run(pipeline: Pipeline, stage: str) -> None:
    override = pipeline.folder / "slow.yaml"
    override.write_text(SLOW.format(stage=stage), encoding="utf-8")
    files = {"COMPOSE_FILE": f"{pipeline.environment['COMPOSE_FILE']}:{override}"}

    def kill() -> None:
        # Ends with the run below, which waits for it.
        while not started.is_set():
            for each in pipeline.engine.containers.list(
                filters={"label": f"com.docker.compose.project={pipeline.project}"}
            ):
                if b"started" in each.logs():
                    each.kill()
                    started.set()
            started.wait(0.1)

    started = threading.Event()
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    ended = pipeline.make("rerun", **files)
    started.set()
    killer.join()

    assert ended.returncode == 137
    assert last_line(ended).startswith(f"{stage} was killed from outside (SIGKILL)")
    slow = replace(pipeline, compose_files=(*pipeline.compose_files, override))
    assert slow.hint("rerun") in last_line(ended)


def test_a_stage_that_fails_without_a_word_is_not_given_an_earlier_runs_words(
    pipeline: Pipeline,
) -> None:
    override = pipeline.folder / "silent.yaml"
    override.write_text(SILENT.format(stage="clean"), encoding="utf-8")
    files = {"COMPOSE_FILE": f"{pipeline.environment['COMPOSE_FILE']}:{override}"}

    ended = pipeline.make("rerun", **files)

    assert ended.returncode == 3
    assert last_line(ended) == "it wrote nothing to its log"


def cleanup(pipeline: Pipeline, command: str, **variables: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [ROOT / "scripts/cleanup.sh", command],
        env=pipeline.environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_prune_lists_old_artifacts_and_removes_them_once_that_is_confirmed(
    pipeline: Pipeline,
) -> None:
    before = contents(pipeline)
    pipeline.configure(f"{SETTINGS}seed = 7\n")
    assert pipeline.make("rerun").returncode == 0
    newest = pipeline.latest("model").id
    pipeline.configure(SETTINGS)
    assert pipeline.make("rerun").returncode == 0

    asked = cleanup(pipeline, "prune")
    done = cleanup(pipeline, "prune", YES="1")

    assert asked[0] == 78
    assert f"in {newest}" in asked[1]
    confirming = pipeline.hint("prune", YES="1")
    assert asked[2] == f"nothing was removed; to confirm, type: {confirming}\n"
    assert done[0] == 0
    assert f"model: removed {newest}" in done[1]
    assert contents(pipeline) == before
    assert cleanup(pipeline, "prune")[1].startswith("nothing to prune")
    assert cleanup(pipeline, "prune", KEEP="0")[0] == 78


def test_clean_removes_nothing_unless_that_is_confirmed(pipeline: Pipeline) -> None:
    code, listed, said = cleanup(pipeline, "clean")

    assert code == 78
    assert all(f"{pipeline.project}_{kind}" in listed for kind in KINDS)
    assert said.startswith("nothing was removed; to confirm, type: YES=1 ")
    assert pipeline.latest("model")


def test_status_says_how_much_each_stage_keeps(pipeline: Pipeline) -> None:
    status = pipeline.look("status")

    assert re.search(r"\ndisk: raw-data [\d.]+ kB \(\d kept\), clean-data ", status.stdout)
