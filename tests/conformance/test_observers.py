"""What a watch on a volume tells, with a made-up container."""

import json
from typing import cast

from conformance.harness.observers import Event, Watch
from docker.models.containers import Container

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
