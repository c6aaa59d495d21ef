"""The stages as plain processes on folders, as `make local` runs them: fast to try."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from stage_contract import Artifact, open_latest
from stage_contract.stages.build import build_parts

from support.running import BATCH, KINDS, ROOT, free_port

STAGES = (*BATCH, "serve")
READS = dict(zip(STAGES, ("data", *(f"volumes/{kind}" for kind in KINDS)), strict=True))
WRITES = dict(zip(STAGES, (*KINDS, "none"), strict=True))
LOCAL = "127.0.0.1"
SECONDS = 60
"""What a server may take to start, to answer, and to end."""
SETTINGS = """\
source = "table.csv"
target = "species"

[train]
candidates = ["linear"]
trials = 1
folds = 2
"""
"""As little work for train as there can be."""


@dataclass
class LocalPipeline:
    """One pipeline below `root`: data/, pipelines/, volumes/<kind>; and which code it runs."""

    root: Path
    code: dict[str, Path] = field(default_factory=dict)
    """A stage's folder, or `contract`, where a test has changed a copy of it."""
    python: dict[str, str] = field(default_factory=dict)
    """The Python version that a stage's build digest names, where it is not this one."""
    without_build: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return self.root / "data/table.csv"

    @property
    def settings(self) -> Path:
        return self.root / "pipelines/tiny.toml"

    @property
    def packages(self) -> Path:
        """What stands for the package list of the base image."""
        path = self._base / "var/lib/dpkg/status"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def volume(self, stage: str) -> Path:
        return self.root / "volumes" / WRITES[stage]

    def latest(self, stage: str) -> Artifact:
        return open_latest(self.volume(stage), WRITES[stage])

    def copy_code(self, name: str) -> Path:
        """Return a copy of a stage's folder, or of the contract, that this pipeline runs from."""
        original = ROOT / (name if name == "contract" else f"services/{name}")
        copy = self.root / "code" / name
        shutil.copytree(original, copy, ignore=shutil.ignore_patterns("tests", "examples"))
        self.code[name] = copy
        return copy

    def command(self, stage: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        python = ROOT / f".envs/{stage}-tests/bin/python"
        return [str(python), *options, "-m", stage, *arguments]

    def environment(self, stage: str) -> dict[str, str]:
        """Return the variables of a stage's process; writes its build file."""
        build = self.root / f"build-{stage}.json"
        build.unlink(missing_ok=True)
        if stage not in self.without_build:
            build.write_text(json.dumps(self._parts(stage)), encoding="utf-8")
        return os.environ | {
            "STAGE_IN": str(self.root / READS[stage]),
            "STAGE_OUT": str(self.volume(stage)),
            "STAGE_CONFIG": str(self.root / "pipelines"),
            "STAGE_BUILD": str(build),
            "PIPELINE": "tiny",
            "PYTHONPATH": ":".join(map(str, self._code(stage))),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.variables,
        }

    def run(
        self, stage: str, *arguments: str, options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(stage, *arguments, options=options),
            env=self.environment(stage),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def run_all(self) -> dict[str, str]:
        """Run the four stages; return what each says of why it works or does not."""
        return {stage: verdict(self.run(stage)) for stage in BATCH}

    def verdicts(self) -> dict[str, str]:
        """Return the same, but end train once it has said it: nothing depends on its work."""
        said = {stage: verdict(self.run(stage)) for stage in BATCH[:-1]}
        with subprocess.Popen(
            self.command(BATCH[-1]),
            env=self.environment(BATCH[-1]),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            process.kill()
        return said | {BATCH[-1]: reason([line])}

    def _parts(self, stage: str) -> dict[str, str]:
        lock = self._service(stage) / "requirements.lock"
        # This machine's own list changes with whatever is installed meanwhile.
        parts = build_parts(lock, self._code(stage), root=self._base)
        assert parts is not None, "write the list of packages first"
        return parts | ({"python": self.python[stage]} if stage in self.python else {})

    def _code(self, stage: str) -> list[Path]:
        """Return the folders that hold a stage's packages."""
        libraries = {"ingest": "type_inference", "clean": "type_inference", "train": "modelling"}
        library = [self._contract / libraries[stage] / "src"] if stage in libraries else []
        return [self._contract / "src", *library, self._service(stage) / "src"]

    def _service(self, stage: str) -> Path:
        return self.code.get(stage, ROOT / "services" / stage)

    @property
    def _base(self) -> Path:
        """What stands for the root of the base image."""
        return self.root / "base"

    @property
    def _contract(self) -> Path:
        return self.code.get("contract", ROOT / "contract")


@contextmanager
def serving(pipeline: LocalPipeline) -> Iterator[httpx.Client]:
    """Yield a client of a server of the pipeline's model, once that is live."""
    port = free_port()
    environment = pipeline.environment("serve") | {"STAGE_PORT": str(port), "STAGE_HOST": LOCAL}
    with (
        live_server(pipeline.command("serve"), environment),
        httpx.Client(base_url=f"http://{LOCAL}:{port}", timeout=SECONDS) as client,
    ):
        yield client


@contextmanager
def live_server(
    command: list[str], environment: dict[str, str], *, has_model: bool = True
) -> Iterator[None]:
    """Run a server; it listens, and its model is live if it has one."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        give_up = threading.Timer(SECONDS, process.kill)
        give_up.start()
        try:
            waiting = {"live: model", "listening"} if has_model else {"listening"}
            while waiting and (line := process.stdout.readline()):
                waiting -= {said for said in waiting if said in line}
            assert not waiting, f"the server has not said: {', '.join(waiting)}"
            give_up.cancel()
            yield
        finally:
            give_up.cancel()
            process.terminate()
            process.communicate(timeout=SECONDS)


def verdict(result: subprocess.CompletedProcess[str]) -> str:
    """Return what a run that ended well says of why it works or does not."""
    assert result.returncode == 0, result.stdout + result.stderr
    return reason(result.stdout.splitlines())


def reason(log: list[str]) -> str:
    """Return `unchanged`, `published before` with the reason, or the reason to work."""
    for line in (line.partition(" ")[2].strip() for line in log):
        if line.startswith("works"):
            return line.removeprefix("works").removeprefix(", changed").removeprefix(": ")
        if line.startswith(("unchanged", "published before")):
            said, _, why = line.partition(", since ")
            return said.partition(":")[0] + (f", since {why.rpartition('  ')[0]}" if why else "")
    raise AssertionError(log)
