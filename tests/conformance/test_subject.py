"""The kit runs an image as compose.yaml runs its stage, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import docker
import pytest
import yaml
from conformance.harness.containers import HARDENED
from conformance.harness.stages import BATCH, MEMORY, STAGES
from conformance.harness.subject import Subject
from support.running import BASE_IMAGE, ROOT

services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_container_is_hardened_as_in_compose(stage: str) -> None:
    service = services[stage]
    path, _, options = service["tmpfs"][0].partition(":")

    assert HARDENED["tmpfs"] == {path: options}
    for key in ("user", "init", "read_only", "cap_drop", "security_opt", "pids_limit"):
        assert HARDENED[key] == service[key]
    assert f":-{MEMORY[stage]}}}" in service["mem_limit"]


@pytest.mark.parametrize("stage", BATCH)
def test_a_batch_stage_has_no_network(stage: str) -> None:
    assert services[stage]["network_mode"] == "none"


def left_behind(engine: docker.DockerClient, image: str) -> list[str]:
    labelled = {"label": "stagecoach.conformance"}
    made = [
        *engine.containers.list(all=True, filters=labelled, ignore_removed=True),
        *engine.volumes.list(filters=labelled),
    ]
    labels = [thing.labels if hasattr(thing, "labels") else thing.attrs["Labels"] for thing in made]
    values = [found["stagecoach.conformance"] for found in labels]
    return [value for value in values if value.startswith(f"{image} ")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_removes_every_container_and_volume(
    number: signal.Signals, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    repository, _, tag = images["clean"].partition(":")
    name = f"{repository}-interrupted:{tag}"
    engine.images.get(images["clean"]).tag(name)
    command = [sys.executable, "-m", "conformance", "--stage", "clean", "--image", name]
    paths = {"PYTHONPATH": f"{ROOT}/contract:{ROOT}/contract/src"}
    with subprocess.Popen(command, env=os.environ | paths, stdout=subprocess.DEVNULL) as kit:
        while kit.poll() is None and len(left_behind(engine, name)) < 3:
            time.sleep(0.1)
        kit.send_signal(number)
        code = kit.wait(60)

    found = left_behind(engine, name)
    engine.images.remove(name)
    assert code == 130
    assert found == []


def test_closing_removes_a_volume_that_a_running_check_still_uses(
    engine: docker.DockerClient, images: dict[str, str]
) -> None:
    subject = Subject(engine, images["clean"], "clean", seed=1, base_image=BASE_IMAGE)
    shared = ExitStack()
    subject.at_end.callback(shared.close)
    volume = shared.enter_context(subject.volume(subject.scratch()))
    engine.containers.create(
        BASE_IMAGE,
        labels=subject.labels,
        volumes=volume.mount("/volume", mode="rw"),
        network_mode="none",
    )

    subject.close()

    assert left_behind(engine, images["clean"]) == []
