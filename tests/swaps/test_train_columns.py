"""Other trainers on feature-data with groups, weights and a logarithm: made as plain processes."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from stage_contract import open_latest
from support.local_stages import LocalPipeline, verdict
from support.running import BATCH, KINDS, ROOT, readable_folder
from support.sales import SETTINGS, write_sales

UID = 10001
BEFORE_TRAIN = BATCH[:-1]


@pytest.fixture(scope="module")
def sales() -> Iterator[LocalPipeline]:
    """A pipeline whose feature-data waits for a trainer."""
    subprocess.run([ROOT / "scripts/envs.sh", *(f"{s}-tests" for s in BEFORE_TRAIN)], check=True)
    with readable_folder() as root:
        pipeline = LocalPipeline(root)
        for folder in ("data", "pipelines", *(f"volumes/{kind}" for kind in KINDS)):
            (root / folder).mkdir(parents=True)
        pipeline.packages.write_text("Package: libc6\nVersion: 2.41-12\n", encoding="utf-8")
        # Each trainer has settings of its own, apart from this one.
        shared = SETTINGS.partition("[train]")[0] + "[train]\ntrials = 1\n"
        pipeline.settings.write_text(shared, encoding="utf-8")
        write_sales(pipeline.source)
        for stage in BEFORE_TRAIN:
            verdict(pipeline.run(stage))
        yield pipeline


@pytest.mark.parametrize("swap", ["train-xgboost", "train-legacy"])
def test_another_trainer_learns_logarithms_of_weighted_groups(
    engine: docker.DockerClient, swap_images: dict[str, str], sales: LocalPipeline, swap: str
) -> None:
    volume = sales.root / swap
    volume.mkdir()
    shutil.chown(volume, UID, UID)
    _train(engine, swap_images[swap], sales, volume)
    model = json.loads(open_latest(volume, "model").file("model.json").read_bytes())

    assert model["target"]["transform"] == "log"
    assert model["split"]["kind"] == "group"
    assert model["metrics"]["r2"]["value"] > 0.8
    assert abs(model["baseline"]["r2"]["value"]) < 0.1
    assert model["parity"]["max_difference"] <= 1e-5


def _train(engine: docker.DockerClient, image: str, pipeline: LocalPipeline, volume: Path) -> None:
    container = engine.containers.run(
        image,
        detach=True,
        read_only=True,
        network_mode="none",
        cap_drop=["ALL"],
        environment={"PIPELINE": "tiny"},
        volumes={
            str(pipeline.volume("features")): {"bind": "/data/in", "mode": "ro"},
            str(volume): {"bind": "/data/out", "mode": "rw"},
            str(pipeline.settings.parent): {"bind": "/config", "mode": "ro"},
        },
    )
    try:
        code = container.wait(timeout=120)["StatusCode"]
        assert code == 0, container.logs().decode()
    finally:
        container.remove(force=True)
