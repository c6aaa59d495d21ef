"""`make verify` and `make rerun FORCE=…`: does the same cause give the same bytes again."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import MakePipeline
from support.local_stages import SETTINGS
from support.running import BATCH, ROOT, TAG, Pipeline, last_line

SEARCHED = SETTINGS.replace("trials = 1", 'trials = 10_000\nbudget = "2s"')
"""A clock ends the search, so that every run would make another number of trials."""

TABLE = "".join((ROOT / "data/penguins.csv").read_text("utf-8").splitlines(keepends=True)[::3])
FICKLE = """

import json
import time

_clean = clean


def clean(source, draft, settings):
    _clean(source, draft, settings)
    profile = draft.path / "profile.json"
    facts = json.loads(profile.read_bytes()) | {"clock": time.time_ns()}
    profile.write_text(json.dumps(facts))
"""
DOCKERFILE = f"""\
FROM stagecoach/clean:{TAG}
USER 0
COPY fickle.py .
RUN cat fickle.py >>clean/work.py && rm fickle.py \\
 && python -m stage_contract requirements.lock build.json .
USER 10001:10001
"""


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    pipeline = session_pipelines()
    pipeline.provide("table.csv", TABLE)
    pipeline.configure(SEARCHED)
    rerun = pipeline.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    return pipeline


@pytest.fixture
def fickle(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline with a clean stage that writes the time into its profile; it has run once."""
    (pipeline.folder / "fickle.py").write_text(FICKLE, encoding="utf-8")
    build = {"context": str(pipeline.folder), "dockerfile_inline": DOCKERFILE}
    override = {"services": {"clean": {"image": f"{pipeline.project}/fickle", "build": build}}}
    text = json.dumps(override).replace('"build": ', '"build": !override ')
    (pipeline.folder / "fickle.yaml").write_text(text, encoding="utf-8")
    changed = replace(pipeline, compose_files=(pipeline.folder / "fickle.yaml",))
    rerun = changed.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    yield changed
    rerun = pipeline.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    pipeline.engine.images.remove(f"{pipeline.project}/fickle", force=True)


def scratch_volumes(pipeline: Pipeline) -> list[str]:
    volumes = pipeline.engine.volumes.list(filters={"name": f"{pipeline.project}-verify"})
    return [volume.name for volume in volumes]


def test_verify_walks_to_the_source_and_makes_every_artifact_again(pipeline: Pipeline) -> None:
    verify = pipeline.look("verify")

    assert verify.returncode == 0, verify.stdout + verify.stderr
    assert re.search(r"model \w{16}: \d files, [\d,]+ bytes, all hashes match", verify.stdout)
    assert f"made from {pipeline.folder}/data/table.csv" in verify.stdout
    assert re.search(
        r"^train +runs \d+ trials regardless of the time budget", verify.stdout, re.MULTILINE
    )
    again = re.findall(
        r"^  (\w+): \S+ \w{16} again, the same \d files", verify.stdout, re.MULTILINE
    )
    assert again == list(BATCH)
    assert last_line(verify) == "the live model comes from the source again, byte by byte"
    assert scratch_volumes(pipeline) == []


def test_verify_names_the_first_thing_that_differs(fickle: Pipeline) -> None:
    verify = fickle.look("verify")

    assert verify.returncode == 70, verify.stdout + verify.stderr
    assert re.search(
        r"^not reproducible: clean made other bytes from the same cause as clean-data \w{16}:"
        r" profile.json: clock \d+ → \d+$",
        last_line(verify),
    )
    assert scratch_volumes(fickle) == []


def test_a_forced_run_that_gives_other_bytes_ends_with_70_and_both_are_there_to_compare(
    fickle: Pipeline,
) -> None:
    before = fickle.latest("clean-data")

    forced = fickle.make("rerun", FORCE="clean")

    assert forced.returncode == 70, forced.stdout
    kept = re.search(r"make diff A=(\w{16}) B=(\.differs-\w{16}-\w{8})$", last_line(forced))
    assert kept is not None
    assert kept[1] == before.id == fickle.latest("clean-data").id
    difference = fickle.look("diff", kept[1], kept[2])
    assert re.search(
        r"^  profile.json +[\d,]+ bytes \w+ +[\d,]+ bytes", difference.stdout, re.MULTILINE
    )
    assert re.search(r"^settings +equal$", difference.stdout, re.MULTILINE)
    assert "clean failed at" in fickle.look("status").stdout
    assert (
        f"{kept[2]}: the different result of a forced run" in fickle.look("history", "clean").stdout
    )


def files_of_model(pipeline: Pipeline) -> set[str]:
    """Return what is on the volume, but for what says when equal bytes were made again."""
    again = ("/run.json ", "/manifest.json ")
    return {line for line in pipeline.inodes("model") if not any(name in line for name in again)}


def test_a_forced_run_works_anew_and_says_that_the_bytes_are_the_same(pipeline: Pipeline) -> None:
    before = files_of_model(pipeline)

    forced = pipeline.make("rerun", FORCE="1")

    assert forced.returncode == 0, forced.stdout + forced.stderr
    assert forced.stdout.count("gave the same bytes as before: ") == len(BATCH)
    assert files_of_model(pipeline) == before
    assert pipeline.compose("ps", "--all", "--orphans", "--quiet").stdout.count("\n") == len(BATCH)


def test_stages_that_are_named_are_forced_and_the_others_skip(pipeline: Pipeline) -> None:
    forced = pipeline.make("rerun", FORCE="ingest,features")

    assert forced.returncode == 0, forced.stdout + forced.stderr
    same = re.findall(r"^(\w+) +gave the same bytes as before", forced.stdout, re.MULTILINE)
    unchanged = re.findall(r"^(\w+) +unchanged", forced.stdout, re.MULTILINE)
    assert (same, unchanged) == (["ingest", "features"], ["clean", "train"])


def test_an_unknown_stage_to_force_is_refused(pipeline: Pipeline) -> None:
    result = pipeline.make("rerun", FORCE="cleen")

    assert result.returncode == 78
    assert "cleen is not a stage; expected 1 for all, or one or more of ingest" in last_line(result)


def test_verify_says_when_a_rerun_is_due_first(pipeline: Pipeline) -> None:
    pipeline.configure(f"{SEARCHED}seed = 9\n")
    settings = pipeline.look("verify")
    pipeline.configure(SEARCHED)
    pipeline.provide("table.csv", TABLE + TABLE.splitlines(keepends=True)[1])
    source = pipeline.look("verify")
    pipeline.provide("table.csv", TABLE)

    assert (settings.returncode, source.returncode) == (65, 65)
    assert "another cause than a new run of train (settings.seed 0 → 9);" in last_line(settings)
    assert last_line(settings).endswith(f"{pipeline.hint('rerun')} first")
    assert "data/table.csv has changed since raw-data" in last_line(source)
    assert scratch_volumes(pipeline) == []


def test_verify_that_is_interrupted_leaves_no_volume(pipeline: Pipeline) -> None:
    process = subprocess.Popen(
        [ROOT / "scripts/history.sh", "verify"],
        cwd=ROOT,
        env=pipeline.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("clean"):
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)

    assert process.returncode == 143
    assert scratch_volumes(pipeline) == []
