"""swaps/train-xgboost: the API keeps the same tests as with the default, and what is its own."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import docker
import pytest
from api.test_answers import *  # noqa: F403  # the API's tests, on the penguins of this module
from conftest import MakePipeline, up_as_shipped
from pipeline.test_parity import (  # on the flights of this module
    test_every_form_of_a_request_gives_the_same_numbers,  # noqa: F401  # pytest collects it
    test_the_api_gives_the_numbers_of_the_merged_graph,  # noqa: F401  # pytest collects it
)
from pipeline.test_quality import (
    test_flights_sees_late_arrivals_of_the_future_before_departure,  # noqa: F401  # pytest collects it
    test_penguins_tells_the_species_apart,  # noqa: F401  # pytest collects it
)
from stage_contract import Artifact, open_latest
from support.running import ROOT, Pipeline, readable_folder, swap_override

SWAP = "train-xgboost"
EXAMPLES = ROOT / "contract/examples"
UID = 10001


@dataclass(frozen=True)
class Result:
    """How a run ended, and its volume."""

    exit_code: int
    log: str
    volume: Path

    @property
    def model(self) -> Artifact:
        assert self.exit_code == 0, self.log
        return open_latest(self.volume, "model")


class Train(Protocol):
    """Trains on the example's houses with a table of settings, each time on a new volume."""

    def __call__(self, settings: str, **options: Any) -> Result: ...


@pytest.fixture(scope="module")
def penguins(session_pipelines: MakePipeline, swap_images: dict[str, str]) -> Pipeline:  # noqa: ARG001  # built before it starts
    """In the place of the penguins that the default trains on."""
    return up_as_shipped(session_pipelines, "penguins", compose_files=(swap_override(SWAP),))


@pytest.fixture(scope="module")
def flights(session_pipelines: MakePipeline, swap_images: dict[str, str]) -> Pipeline:  # noqa: ARG001  # built before it starts
    """In the place of the flights that the default trains on."""
    return up_as_shipped(
        session_pipelines,
        "flights",
        compose_files=(swap_override(SWAP),),
        train={"trials": 2, "learning_rate": 0.2},
    )


@pytest.fixture
def pipeline(flights: Pipeline) -> Pipeline:
    """The pipeline whose parity is tested."""
    return flights


@pytest.fixture
def train(engine: docker.DockerClient, swap_images: dict[str, str]) -> Iterator[Train]:
    with readable_folder() as folder:

        def run(settings: str, **options: Any) -> Result:
            (folder / "houses.toml").write_text(f"[train]\n{settings}\n", encoding="utf-8")
            volume = Path(tempfile.mkdtemp(dir=folder))
            shutil.chown(volume, UID, UID)
            container = engine.containers.run(
                swap_images[SWAP],
                detach=True,
                read_only=True,
                network_mode="none",
                cap_drop=["ALL"],
                environment={"PIPELINE": "houses"},
                volumes={
                    str(EXAMPLES / "feature-data"): {"bind": "/data/in", "mode": "ro"},
                    str(volume): {"bind": "/data/out", "mode": "rw"},
                    str(folder): {"bind": "/config", "mode": "ro"},
                },
                **options,
            )
            try:
                code = container.wait(timeout=120)["StatusCode"]
                return Result(code, container.logs().decode(), volume)
            finally:
                container.remove(force=True)

        yield run


INTERRUPTED = """
import os, runpy, signal
from train_xgboost import matrix

read = matrix._read

def interrupted(*rows):
    yield from read(*rows)
    os.kill(os.getpid(), signal.SIGINT)

matrix._read = interrupted
runpy.run_module("train_xgboost", run_name="__main__")
"""
"""Trains, with Ctrl+C while XGBoost reads rows."""


@pytest.mark.parametrize("settings", ["", "external_memory_rows = 0"])
def test_ctrl_c_while_xgboost_reads_rows_ends_the_stage(train: Train, settings: str) -> None:
    result = train(settings, entrypoint=["python", "-c", INTERRUPTED])

    assert result.exit_code == 130, result.log
    assert "Traceback" not in result.log
    assert not [*result.volume.iterdir()]


def document(model: Artifact) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(model.file("model.json").read_bytes())
    return read


def test_boosting_stops_when_the_validation_part_gets_no_better(flights: Pipeline) -> None:
    model = document(flights.latest("model"))
    rounds = {trial["hyperparameters"].get("rounds") for trial in model["candidates"]} - {None}

    assert model["estimator"]["library"].startswith("xgboost 3.")
    assert len(rounds) > 1
    assert max(rounds) < 1000


def test_too_few_rounds_are_said(train: Train) -> None:
    result = train("rounds = 5\ntrials = 1\nlearning_rate = 0.01")

    assert result.exit_code == 0, result.log
    assert (
        "warning: the validation score still improves after 5 rounds; set more rounds" in result.log
    )


def test_rows_that_stay_on_disk_give_the_same_graph_and_leave_nothing_behind(train: Train) -> None:
    in_memory = train("trials = 2").model

    result = train("trials = 2\nexternal_memory_rows = 0")

    assert "external memory: 63 rows of" in result.log
    on_disk = result.model
    on_disk.verify()
    assert on_disk.file("model.onnx").read_bytes() == in_memory.file("model.onnx").read_bytes()
    assert {path.name for path in result.volume.iterdir()} == {"LATEST", on_disk.id}


def test_a_host_with_fewer_processors_gives_the_same_bytes(train: Train) -> None:
    everywhere = train("threads = 3").model

    on_one = train("threads = 3", cpuset_cpus="0").model

    assert on_one.content == everywhere.content


def test_one_value_of_a_hyperparameter_is_the_only_one_that_is_tried(train: Train) -> None:
    model = train("trials = 8\nmax_depth = 2\nlearning_rate = [0.3, 0.2]").model

    tried = [trial["hyperparameters"] for trial in document(model)["candidates"]]
    settings = [found for found in tried if found]
    assert {found["max_depth"] for found in settings} == {2}
    assert {found["learning_rate"] for found in settings} == {0.3, 0.2}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("max_depht = 3", "max_depht is not a setting; did you mean max_depth?"),
        ("max_depth = [3, 3]", "expected each value once"),
        ("learning_rate = 0", "learning_rate.0 = 0: Input should be greater than 0"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(
    settings: str, message: str, train: Train
) -> None:
    result = train(settings)

    assert result.exit_code == 78
    assert message in result.log
    assert list(result.volume.glob("*/manifest.json")) == []
