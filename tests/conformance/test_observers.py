"""What is watched and locked on a volume: a made-up container, and real locks."""

import json
from typing import cast

import docker
import pytest
from conformance.harness.observers import Event, LockHeldError, Watch, locking
from conformance.harness.subject import Subject
from docker.models.containers import Container
from support.running import BASE_IMAGE

RENAME = ("moved to", "0123456789abcdef", True)


class SlowContainer:
    """A container whose log shows one more line each time it is read."""

    def __init__(self) -> None:
        self._lines = ["ready", json.dumps(["create", ".draft-1", True]), json.dumps(RENAME)]
        self._shown = 0

    def exec_run(self, command: list[str]) -> None:
        path = command[-1].removeprefix("/volume/")
        self._lines.append(json.dumps(["create", path, False]))

    def logs(self) -> bytes:
        self._shown += 1
        return "\n".join(self._lines[: self._shown]).encode()


def test_a_watch_waits_for_changes_that_are_not_logged_yet() -> None:
    watch = Watch(cast(Container, SlowContainer()))

    assert watch.events() == [Event("create", ".draft-1", is_folder=True), Event(*RENAME)]


def test_a_lock_that_another_process_holds_is_an_error(engine: docker.DockerClient) -> None:
    with (
        Subject(engine, BASE_IMAGE, "clean", base_image=BASE_IMAGE) as subject,
        subject.volume() as volume,
    ):
        with (
            locking(subject, volume, shared=True),
            locking(subject, volume, shared=True),
            pytest.raises(LockHeldError),
            locking(subject, volume),
        ):
            pass
        with locking(subject, volume):
            pass
