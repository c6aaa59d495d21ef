"""The subject of the checks: one image, run as compose.yaml runs its stage, on its own volumes."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Self, Unpack

from docker import DockerClient

from conformance.harness.containers import PIPELINE, Options, arguments_of
from conformance.harness.once import Once
from conformance.harness.removing import remove_container
from conformance.harness.running_container import RunningContainer
from conformance.harness.runs import Run
from conformance.harness.stages import READS, UID, WRITES
from conformance.harness.starting import start_container
from conformance.harness.volumes import Volume, Volumes

EXAMPLES = Path(__file__).parents[2] / "examples"
SETTINGS = (EXAMPLES / f"{PIPELINE}.toml").read_text(encoding="utf-8")
SECONDS = 120.0
"""A run on small data that takes longer hangs."""


@dataclass
class Subject:
    """Runs an image on volumes that it makes and removes; safe to use from several threads."""

    engine: DockerClient
    image: str
    stage: str
    settings: str = SETTINGS
    """Text of the pipeline file."""
    seed: int = 0
    """Seed of the random choices in the checks."""
    base_image: str = "python:3.13-slim"
    """Runs only to hold size-limited volumes, and to write on volumes that are read meanwhile."""
    api: Literal["all", "oip"] = "all"
    """What a server offers: everything, or only the Open Inference Protocol."""
    labels: dict[str, str] = field(init=False)
    """Labels of its containers and volumes, so that they can be found and removed."""
    at_end: ExitStack = field(default_factory=ExitStack, repr=False)
    """Callbacks that run before everything is removed."""
    _once: Once = field(default_factory=Once, repr=False)
    _is_closed: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        self.labels = {"stagecoach.conformance": f"{self.image} {uuid.uuid4().hex}"}

    @property
    def reads(self) -> str | None:
        """The kind of its input; None for ingest, which reads source tables."""
        return READS[self.stage]

    @property
    def writes(self) -> str:
        """The kind of its output; KeyError for serve, which has none."""
        return WRITES[self.stage]

    @cached_property
    def example(self) -> Path:
        """The folder with the tiny example that this stage reads; do not change it."""
        if self.reads is not None:
            return EXAMPLES / self.reads
        folder = self.scratch()
        shutil.copy(EXAMPLES / "houses.csv", folder)
        return folder

    @property
    def first(self) -> Run:
        """The run on the example, made once; do not change its files."""
        return self.once("first", self.run)

    def once[Made](self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` made when it was first asked for under this name."""
        return self._once.make(name, make)

    @cached_property
    def owners(self) -> dict[str, tuple[int, int]]:
        """Owners of fresh volumes in a container of the image: (uid, gid) by mount point."""
        mount_points = ("/data/in",) if self.stage == "serve" else ("/data/in", "/data/out")
        return {path: self.volumes.owner(path) for path in mount_points}

    @property
    def owns_output(self) -> bool:
        """Whether user 10001 can write to a fresh output volume.

        If not, one check says so, and the others get volumes that it can write to.
        """
        return self.owners.get("/data/out") == (UID, UID)

    @cached_property
    def volumes(self) -> Volumes:
        return Volumes(self.engine, self.image, self.base_image, self.labels)

    @cached_property
    def folder(self) -> Path:
        """A folder of the host, removed at the end."""
        return Path(tempfile.mkdtemp(prefix="conformance-"))

    def scratch(self) -> Path:
        """Return a new empty folder on the host, to make an input in."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def copy_of_example(self) -> Path:
        """Return a new folder with the example, to be changed."""
        return Path(shutil.copytree(self.example, self.scratch(), dirs_exist_ok=True))

    @contextmanager
    def volume(self, content: Path | None = None) -> Iterator[Volume]:
        """Yield a fresh volume with a folder's files, or an empty one.

        The files have an old modification time, so that rewritten files are recognized.
        """
        volume = self.volumes.make(content)
        try:
            if content is None and not self.owns_output:
                self.volumes.fill(volume, self.scratch())
            yield volume
        finally:
            self.volumes.remove(volume)

    def small_volume(
        self, size: int, content: Path | None = None
    ) -> AbstractContextManager[Volume]:
        """Yield a volume that holds at most this many bytes."""
        return self.volumes.small(size, content)

    def copy(self, volume: Volume) -> Path:
        """Return a volume's files, copied to a folder on the host."""
        return self.volumes.copy(volume, self.scratch())

    def run(self, *, seconds: float = SECONDS, **options: Unpack[Options]) -> Run:
        """Run the image to its end and return the run."""
        with self.started(**options) as container:
            return container.finish(seconds)

    @contextmanager
    def started(self, **options: Unpack[Options]) -> Iterator[RunningContainer]:
        """Yield a started container of the image; it is removed at the end."""
        with ExitStack() as stack:
            source = options.get("source") or self._example_volume()
            if isinstance(source, Path):
                source = stack.enter_context(self.volume(source))
            mounts = source.mount("/data/in", mode=options.get("source_mode", "ro"))
            mounts |= self._config(options).mount("/config", mode="ro")
            if self.stage != "serve":
                out = options.get("out") or stack.enter_context(self.volume())
                mode = options.get("out_mode", "rw")
                # Otherwise the engine gives an empty volume the owner of its mount point again.
                mode += "" if self.owns_output else ",nocopy"
                mounts |= out.mount("/data/out", mode=mode)
            container = self.engine.containers.create(
                self.image,
                labels=self.labels,
                volumes=mounts,
                **arguments_of(self.stage, options),
            )
            stack.callback(remove_container, container)
            if self._is_closed:
                raise InterruptedError  # `close` no longer sees this container.
            start_container(container)
            yield RunningContainer(container, self.scratch(), has_output=self.stage != "serve")

    def close(self) -> None:
        """Remove everything that this subject made; checks may still be running."""
        self._is_closed = True
        self.at_end.close()
        label = [f"{key}={value}" for key, value in self.labels.items()]
        for container in self.engine.containers.list(
            all=True, filters={"label": label}, ignore_removed=True
        ):
            remove_container(container)
        self.volumes.remove_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        # Checks in several threads share these.
        self.example  # noqa: B018  # see above
        self.volumes  # noqa: B018  # see above
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _example_volume(self) -> Volume:
        return self.once("example volume", lambda: self.volumes.make(self.example))

    def _config(self, options: Options) -> Volume:
        text = options.get("settings", self.settings)
        return self.once(f"settings {text}", lambda: self.volumes.make(self._config_folder(text)))

    def _config_folder(self, text: str) -> Path:
        folder = self.scratch()
        (folder / f"{PIPELINE}.toml").write_text(text, encoding="utf-8")
        return folder
