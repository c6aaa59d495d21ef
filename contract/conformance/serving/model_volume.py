"""A model volume that is written while a server reads it: by renames, as train does."""

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.models.containers import Container

from conformance.harness.removing import remove_container
from conformance.harness.stages import UID
from conformance.harness.starting import start_container
from conformance.harness.subject import Subject
from conformance.harness.volumes import Volume, pack

_ROOM = "/volume"


@dataclass(frozen=True)
class ModelVolume:
    """Puts artifacts on the volume and moves its pointers."""

    volume: Volume
    _subject: Subject
    _writer: Container

    def publish(self, artifact: Path) -> str:
        """Put an artifact on the volume, make it the latest, and return its id."""
        self.put(artifact)
        self.point(artifact.name)
        return artifact.name

    def put(self, artifact: Path) -> None:
        """Put an artifact on the volume under the name of its folder."""
        self._send(artifact.name, lambda place: shutil.copytree(artifact, place, symlinks=True))

    def point(self, text: str, *, name: str = "LATEST") -> None:
        """Let a pointer hold a text."""
        self._send(name, lambda place: place.write_text(f"{text}\n", encoding="utf-8"))

    def alternate(self, names: Sequence[str], *, seconds: float) -> None:
        """Let LATEST name one model after the other, many times a second."""
        script = (
            "import itertools, os, sys, time\n"
            "end = time.monotonic() + float(sys.argv[1])\n"
            "for name in itertools.cycle(sys.argv[2:]):\n"
            "    with open('/volume/.draft-latest', 'w') as file:\n"
            "        file.write(name + '\\n')\n"
            "    os.replace('/volume/.draft-latest', '/volume/LATEST')\n"
            "    time.sleep(0.002)\n"
            "    if time.monotonic() > end:\n"
            "        break\n"
        )
        command = ["python3", "-c", script, str(seconds), *names]
        ended = self._writer.exec_run(command, user=str(UID))
        if ended.exit_code:
            raise OSError(ended.output.decode())

    def _send(self, name: str, write: Callable[[Path], object]) -> None:
        """Put a file or folder on the volume at once."""
        draft = f".draft-{uuid.uuid4().hex}"
        folder = self._subject.scratch()
        write(folder / draft)
        self._writer.put_archive("/", pack(folder))
        moved = self._writer.exec_run(["mv", "-T", f"{_ROOM}/{draft}", f"{_ROOM}/{name}"])
        if moved.exit_code:
            raise OSError(moved.output.decode())


@contextmanager
def writable_model_volume(subject: Subject, content: Path | None = None) -> Iterator[ModelVolume]:
    """Yield a model volume with a folder's files, or an empty one, and a writer on it."""
    with subject.volume(content) as volume:
        writer = subject.engine.containers.create(
            subject.base_image,
            ["sleep", "infinity"],
            labels=subject.labels,
            network_mode="none",
            init=True,
            volumes=volume.mount(_ROOM, mode="rw"),
        )
        try:
            start_container(writer)
            yield ModelVolume(volume, subject, writer)
        finally:
            remove_container(writer)
