"""A container beside the image, with the same output volume: it watches the volume or locks it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from docker.models.containers import Container

from conformance.harness.removing import remove_container
from conformance.harness.starting import start_container
from conformance.harness.subject import Subject
from conformance.harness.volumes import Volume

_ROOM = "/volume"
_READY = "ready"
_LAST = ".watched-until-here"
_HELD = "held"
_START_SECONDS = 120.0
_POLL_SECONDS = 0.02

_WATCH = """
import ctypes, json, os, struct
libc = ctypes.CDLL(None)
KINDS = {0x2: "modify", 0x40: "moved from", 0x80: "moved to", 0x100: "create", 0x200: "delete"}
DIRECTORY = 0x40000000
descriptor, paths = libc.inotify_init(), {}

def watch(path):
    paths[libc.inotify_add_watch(descriptor, os.fsencode(path), sum(KINDS))] = path
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            watch(entry.path)

watch("/volume")
print("ready", flush=True)
while True:
    events, place = os.read(descriptor, 1 << 20), 0
    while place < len(events):
        number, mask, _, length = struct.unpack_from("iIII", events, place)
        name = os.fsdecode(events[place + 16 : place + 16 + length].rstrip(b"\\0"))
        place += 16 + length
        path = os.path.join(paths.get(number, "/volume"), name)
        kind = next((word for bit, word in KINDS.items() if mask & bit), None)
        if kind is not None:
            is_folder = bool(mask & DIRECTORY)
            print(json.dumps([kind, os.path.relpath(path, "/volume"), is_folder]), flush=True)
            if is_folder and kind in {"create", "moved to"}:
                try:
                    watch(path)
                except FileNotFoundError:
                    pass
"""
_LOCK = """
import fcntl, os, signal, sys
descriptor = os.open(os.path.join("/volume", sys.argv[1]), os.O_RDONLY)
kind = fcntl.LOCK_SH if sys.argv[2] == "shared" else fcntl.LOCK_EX
try:
    fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
except BlockingIOError:
    print("held", flush=True)
else:
    print("ready", flush=True)
signal.pause()
"""


class LockHeldError(Exception):
    """Another process holds the lock."""


@dataclass(frozen=True)
class Event:
    """A change of the volume."""

    kind: str
    """`create`, `modify`, `moved from`, `moved to` or `delete`."""
    path: str
    is_folder: bool


@dataclass(frozen=True)
class Watch:
    """Records the changes of a volume in their order."""

    _container: Container

    def events(self) -> list[Event]:
        """Return the changes so far; a change of its own tells that all have been logged."""
        self._container.exec_run(["touch", f"{_ROOM}/{_LAST}"])
        end = time.monotonic() + _START_SECONDS
        while True:
            lines = self._container.logs().decode().splitlines()
            events = [Event(*json.loads(line)) for line in lines if line.startswith("[")]
            paths = [event.path for event in events]
            if _LAST in paths:
                return events[: paths.index(_LAST)]
            if time.monotonic() > end:
                raise TimeoutError(f"the helper logs no changes: {lines[-1:]}")
            time.sleep(_POLL_SECONDS)


@contextmanager
def watching(subject: Subject, volume: Volume) -> Iterator[Watch]:
    """Yield a watch on a volume."""
    with _beside(subject, volume, _WATCH) as container:
        yield Watch(container)


@contextmanager
def locking(
    subject: Subject, volume: Volume, path: str = ".", *, shared: bool = False
) -> Iterator[None]:
    """Hold a lock (flock) on a file or folder of a volume, by default on the volume's folder.

    Raises:
        LockHeldError: another process holds it.
    """
    with _beside(subject, volume, _LOCK, path, "shared" if shared else "exclusive"):
        yield


@contextmanager
def _beside(subject: Subject, volume: Volume, script: str, *arguments: str) -> Iterator[Container]:
    container = subject.engine.containers.create(
        subject.base_image,
        ["python3", "-c", script, *arguments],
        labels=subject.labels,
        network_mode="none",
        volumes=volume.mount(_ROOM, mode="rw"),
    )
    try:
        start_container(container)
        end = time.monotonic() + _START_SECONDS
        while _READY not in (log := container.logs().decode(errors="replace")):
            if _HELD in log:
                raise LockHeldError(*arguments)
            if time.monotonic() > end:
                raise TimeoutError(f"the helper did not start: {container.logs()!r}")
            time.sleep(_POLL_SECONDS)
        yield container
    finally:
        remove_container(container)
