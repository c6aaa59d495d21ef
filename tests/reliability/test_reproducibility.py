"""The same table on another day, host and processor count, from empty volumes: the same bytes."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from conftest import MakePipeline
from support.running import BASE_IMAGE, BATCH, KINDS, ROOT, TAG, Pipeline

SETTINGS = """\
source = "penguins.csv"
target = "species"

[train]
trials = 4
folds = 2
"""
ELSEWHERE = {
    "LD_PRELOAD": "/usr/lib/libfaketime.so.1",
    "FAKETIME": "+1234d",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "PYTHONHASHSEED": "4321",
    "TZ": "Asia/Kathmandu",
}
DOCKERFILE = """\
FROM {base} AS clock
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends libfaketime
FROM stagecoach/{stage}:{tag}
COPY --from=clock /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/
"""


def run(pipeline: Pipeline, *, mtime: int) -> None:
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure(SETTINGS)
    for path in pipeline.folder.rglob("*"):
        os.utime(path, (mtime, mtime))
    rerun = pipeline.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr


@pytest.fixture
def elsewhere(make_pipeline: MakePipeline, tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline whose containers have another clock, host name, hash seed, zone and one CPU."""
    override = tmp_path / "elsewhere.yaml"
    pipeline = make_pipeline(compose_files=(override,))
    services = {
        stage: {
            "image": f"{pipeline.project}/{stage}",
            "build": {
                "context": str(tmp_path),
                "dockerfile_inline": DOCKERFILE.format(base=BASE_IMAGE, stage=stage, tag=TAG),
            },
            "environment": ELSEWHERE,
            "hostname": f"elsewhere-{stage}",
            "cpuset": "0",
        }
        for stage in BATCH
    }
    text = json.dumps({"services": services}).replace('"build": ', '"build": !override ')
    override.write_text(text, encoding="utf-8")
    yield pipeline
    for stage in BATCH:
        pipeline.engine.images.remove(f"{pipeline.project}/{stage}", force=True)


def test_two_runs_from_nothing_give_equal_manifests_whatever_differs_around_them(
    make_pipeline: MakePipeline, elsewhere: Pipeline
) -> None:
    here = make_pipeline()
    run(here, mtime=1_000_000_000)
    run(elsewhere, mtime=2_000_000_000)

    for kind in KINDS:
        first, second = here.latest(kind), elsewhere.latest(kind)
        assert second.manifest == first.manifest
        assert second.content == first.content
        days, hosts = zip(*(facts_of_the_run(each.path) for each in (first, second)), strict=True)
        assert (days[1] - days[0]).days in {1233, 1234}
        assert [host.startswith("elsewhere-") for host in hosts] == [False, True]


def facts_of_the_run(artifact: Path) -> tuple[datetime, str]:
    run = json.loads((artifact / "run.json").read_bytes())
    return datetime.fromisoformat(run["finished"]), run["host"]
