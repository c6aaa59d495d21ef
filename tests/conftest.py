"""What the tests on real containers share: an engine, images of this tree, running pipelines."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException
from support.running import ROOT, SWAPS, TAG, Pipeline, readable_folder, stage_of, swap_override
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

STAGES = ("ingest", "clean", "features", "train", "serve")

OF_LONG_TESTS = frozenset(f"tests/conformance/test_{name}.py" for name in ("good_images", "swaps"))
"""Files whose tests check an image each, for minutes, and share nothing but the images."""

SOURCES = {"diamonds": "diamonds.csv", "penguins": "penguins.csv", "flights": "flights.csv.gz"}

# A shell lets what it starts with & ignore SIGINT, and what that starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

type MakePipeline = Callable[..., Pipeline]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that run containers, which take the longest, and those of many tests.

    The last ones are then short, and no worker waits long for the other.
    """
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(_group_of(item.nodeid), []).append(item)

    def place(tests: list[pytest.Item]) -> tuple[bool, int]:
        return not any("engine" in getattr(test, "fixturenames", ()) for test in tests), -len(tests)

    items[:] = [test for tests in sorted(groups.values(), key=place) for test in tests]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give the files that share the shipped pipelines to one worker, any other to whoever is free.

    Each worker would train these pipelines for itself. A test of OF_LONG_TESTS goes alone.
    """
    config.option.loadscopereorder = False
    return _Scheduler(config, log)


class _Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        return _scope_of(nodeid)


def _scope_of(nodeid: str) -> str:
    group = _group_of(nodeid)
    return nodeid if group in OF_LONG_TESTS else group


def _group_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return "the shipped pipelines" if file in _of_shipped_pipelines() else file


@cache
def _of_shipped_pipelines() -> frozenset[str]:
    shared = re.compile(rf"\b({'|'.join(SOURCES)}): Pipeline|getfixturevalue")
    return frozenset(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").glob("*/test_*.py")
        if shared.search(text := path.read_text(encoding="utf-8")) and "up_as_shipped" not in text
    )


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    try:
        client = docker.from_env(timeout=300)
        client.ping()
    except DockerException as error:
        reason = f"no Docker engine answers: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield client
    client.close()


@pytest.fixture(scope="session")
def images(engine: docker.DockerClient) -> Iterator[dict[str, str]]:
    """Build the images of this tree under a tag of the tests' own: name by service."""
    build = subprocess.run(
        ["docker", "compose", "--file", ROOT / "compose.yaml", "--profile", "*", "build", "-q"],
        cwd=ROOT,
        env=os.environ | {"TAG": TAG},
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    names = {stage: f"stagecoach/{stage}:{TAG}" for stage in STAGES}
    names["batch"] = f"stagecoach/serve-batch:{TAG}"
    yield names
    for name in names.values():
        engine.images.remove(name, noprune=True)


@pytest.fixture(scope="session")
def swap_images(engine: docker.DockerClient) -> Iterator[dict[str, str]]:
    """Build every image of swaps/ under a tag of the tests' own: name by folder."""
    for swap in SWAPS:
        files = [ROOT / "compose.yaml", swap_override(swap)]
        build = subprocess.run(
            [
                "docker",
                "compose",
                *(f"--file={path}" for path in files),
                "build",
                "-q",
                stage_of(swap),
            ],
            cwd=ROOT,
            env=os.environ | {"TAG": TAG},
            capture_output=True,
            text=True,
            check=False,
        )
        assert build.returncode == 0, f"{swap}: {build.stderr}"
    names = {swap: f"stagecoach/{swap}:{TAG}" for swap in SWAPS}
    yield names
    for name in names.values():
        # Containers of pipelines that end later may still run it.
        engine.images.remove(name, force=True, noprune=True)


@pytest.fixture(scope="session")
def session_pipelines(
    engine: docker.DockerClient,
    images: dict[str, str],  # noqa: ARG001  # built before any pipeline starts
) -> Iterator[MakePipeline]:
    with _pipelines(engine) as make:
        yield make


@pytest.fixture
def make_pipeline(
    engine: docker.DockerClient,
    images: dict[str, str],  # noqa: ARG001  # built before any pipeline starts
) -> Iterator[MakePipeline]:
    """Make pipelines that are removed with everything they left at the end of the test."""
    with _pipelines(engine) as make:
        yield make


@pytest.fixture(scope="session")
def diamonds(session_pipelines: MakePipeline) -> Pipeline:
    """The default pipeline, up: its source, settings and volumes are not to be changed."""
    return up_as_shipped(session_pipelines, "diamonds")


@pytest.fixture(scope="session")
def penguins(session_pipelines: MakePipeline) -> Pipeline:
    """The penguins pipeline, up: its source, settings and volumes are not to be changed."""
    return up_as_shipped(session_pipelines, "penguins")


@pytest.fixture(scope="session")
def flights(session_pipelines: MakePipeline) -> Pipeline:
    """The flights pipeline, up: its source, settings and volumes are not to be changed."""
    return up_as_shipped(session_pipelines, "flights")


@contextmanager
def _pipelines(engine: docker.DockerClient) -> Iterator[MakePipeline]:
    with ExitStack() as stack:

        def make(name: str = "tiny", *, compose_files: tuple[Path, ...] = ()) -> Pipeline:
            folder = stack.enter_context(readable_folder())
            pipeline = Pipeline(engine, folder, name, compose_files=compose_files)
            stack.callback(pipeline.remove)
            return pipeline

        yield make


def up_as_shipped(
    make: MakePipeline,
    name: str,
    *,
    compose_files: tuple[Path, ...] = (),
    train: Mapping[str, Any] | None = None,
) -> Pipeline:
    """Return a pipeline of the repository on its own table, up; `train` adds to its settings."""
    pipeline = make(name=name, compose_files=compose_files)
    source = SOURCES[name]
    pipeline.provide(source, (ROOT / "data" / source).read_bytes())
    shutil.copytree(ROOT / "pipelines", pipeline.folder / "pipelines")
    if train:
        settings = pipeline.folder / f"pipelines/{name}.toml"
        added = "".join(f"{key} = {value}\n" for key, value in train.items())
        text = settings.read_text(encoding="utf-8")
        assert "[train]\n" in text
        settings.write_text(text.replace("[train]\n", f"[train]\n{added}"), encoding="utf-8")
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline
