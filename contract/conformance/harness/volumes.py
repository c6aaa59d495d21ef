"""Docker volumes of the conformance kit: filled from folders, copied to folders, and removed.

Everything uses the engine's API, so it also works in a container and with a remote engine.
"""

import io
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import CONFLICT
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from conformance.harness.removing import remove_container
from conformance.harness.stages import UID
from conformance.harness.starting import start_container

LONG_AGO = 1_000_000_000
"""Modification time of the files that the kit writes; files that a run writes are newer."""
_MOUNT_POINT = "/volume"
"""Where the kit's own containers mount a volume."""


@dataclass(frozen=True)
class Volume:
    """A volume by its name."""

    name: str

    def mount(self, where: str, *, mode: str) -> dict[str, dict[str, str]]:
        """Return it in the form of the SDK's `volumes`."""
        return {self.name: {"bind": where, "mode": mode}}


@dataclass(frozen=True)
class Volumes:
    """Makes volumes and removes them."""

    engine: DockerClient
    image: str
    """Never run for this: a container that was only created can be written to and read."""
    base_image: str
    labels: dict[str, str]
    _names: set[str] = field(default_factory=set, repr=False)

    def make(self, content: Path | None = None, **options: Any) -> Volume:
        """Return a new volume with a folder's files, or empty as compose makes one."""
        volume = Volume(f"conformance-{uuid.uuid4().hex[:12]}")
        self._names.add(volume.name)
        self.engine.volumes.create(volume.name, labels=self.labels, **options)
        if content is not None:
            self.fill(volume, content)
        return volume

    def fill(self, volume: Volume, content: Path) -> None:
        """Copy a folder's files to a volume; user 10001 then owns it and them."""
        with self._attached(volume.mount(_MOUNT_POINT, mode="rw")) as container:
            container.put_archive("/", pack(content))

    def copy(self, volume: Volume, target: Path) -> Path:
        """Copy a volume into a folder and return the path of the copy."""
        with self._attached(volume.mount(_MOUNT_POINT, mode="ro")) as container:
            return unpack(container, _MOUNT_POINT, target)

    def owner(self, mount_point: str) -> tuple[int, int]:
        """Return uid and gid of a fresh volume that a container of the image mounts here."""
        volume = self.make()
        try:
            with self._attached(volume.mount(mount_point, mode="rw")) as container:
                chunks, _ = container.get_archive(mount_point)
                with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                    root = archive.next()
        finally:
            self.remove(volume)
        return (root.uid, root.gid) if root is not None else (0, 0)

    @contextmanager
    def small(self, size: int, content: Path | None = None) -> Iterator[Volume]:
        """Yield a volume that holds at most this many bytes."""
        options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={size},uid={UID},gid={UID}"}
        volume = self.make(driver="local", driver_opts=options)
        mounts = volume.mount(_MOUNT_POINT, mode="rw")
        try:
            # The memory that it lives in is freed as soon as no running container mounts it.
            with self._attached(mounts, self.base_image, ["sleep", "infinity"]) as anchor:
                start_container(anchor)
                if content is not None:
                    anchor.put_archive("/", pack(content))
                yield volume
        finally:
            self.remove(volume)

    def remove(self, volume: Volume) -> None:
        """Remove a volume; one that a container still uses is left to `remove_all`."""
        try:
            self.engine.volumes.get(volume.name).remove(force=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
            return
        self._names.discard(volume.name)

    def remove_all(self) -> None:
        """Remove every volume that is left, by its name.

        A container that is created meanwhile creates a volume again, without its label.
        """
        for name in sorted(self._names):
            # A volume that a check still uses is removed by the next call.
            with suppress(APIError):
                self.engine.volumes.get(name).remove(force=True)

    @contextmanager
    def _attached(
        self, mounts: dict[str, Any], image: str = "", command: list[str] | None = None
    ) -> Iterator[Container]:
        container = self.engine.containers.create(
            image or self.image,
            # An image may have no command, but the engine requires one.
            command or ["none"],
            labels=self.labels,
            network_mode="none",
            init=True,
            volumes=mounts,
        )
        try:
            yield container
        finally:
            remove_container(container)


def pack(folder: Path) -> bytes:
    """Return a folder as a tar to unpack at / in a container; user 10001 owns its files.

    Links stay links.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        # The folder has its name in the tar: the engine ignores the owner of an entry ".".
        archive.add(folder, arcname=_MOUNT_POINT, filter=_owned)
    return buffer.getvalue()


def unpack(container: Container, path: str, target: Path) -> Path:
    """Copy a folder out of a container, running or not, and return the path of the copy."""
    chunks, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        # The filter "data" would refuse links that lead out, which are what a check looks for.
        archive.extractall(target, filter="tar")
    return target / Path(path).name


def _owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = UID
    entry.uname = entry.gname = ""
    entry.mtime = LONG_AGO
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry
