"""swaps/train-legacy: libraries that no other stage could have beside its own, behind one API."""

import json
import re
import subprocess

import pytest
from api.test_answers import *  # noqa: F403  # the API's tests, on the penguins of this module
from conftest import MakePipeline, up_as_shipped
from pipeline.test_parity import (  # on the penguins of this module
    test_every_form_of_a_request_gives_the_same_numbers,  # noqa: F401  # pytest collects it
    test_the_api_gives_the_numbers_of_the_merged_graph,  # noqa: F401  # pytest collects it
)
from pipeline.test_quality import test_penguins_tells_the_species_apart  # noqa: F401  # pytest collects it
from support.running import ROOT, Pipeline, swap_override

SWAP = "train-legacy"
LOCK = ROOT / "swaps" / SWAP / "requirements.lock"


@pytest.fixture(scope="module")
def penguins(session_pipelines: MakePipeline, swap_images: dict[str, str]) -> Pipeline:  # noqa: ARG001  # built before it starts
    """In the place of the penguins that the default trains on."""
    return up_as_shipped(session_pipelines, "penguins", compose_files=(swap_override(SWAP),))


@pytest.fixture
def pipeline(penguins: Pipeline) -> Pipeline:
    """The pipeline whose parity is tested."""
    return penguins


def test_the_model_names_the_library_that_it_was_fitted_with(penguins: Pipeline) -> None:
    model = json.loads(penguins.latest("model").file("model.json").read_bytes())

    assert model["estimator"]["library"] == "scikit-learn 1.5.2"


@pytest.mark.parametrize("stage", ["train", "features"])
def test_its_lock_and_that_of_another_stage_could_not_be_installed_together(stage: str) -> None:
    other = ROOT / "services" / stage / "requirements.lock"
    # Offline, since what contradicts itself is found before anything is asked for.
    uv = [str(ROOT / ".envs/uv/bin/uv"), "pip", "compile", "--offline", "--python-version=3.13"]
    command = [*uv, str(LOCK), str(other)]

    both = subprocess.run(command, capture_output=True, text=True, check=False)

    assert both.returncode == 1
    assert re.search(r"you require (\S+)==\S+ and \1==\S+, we can conclude", both.stderr)


def test_scikit_learn_and_pandas_are_older_than_those_of_any_other_stage() -> None:
    locks = [path.read_text("utf-8") for path in ROOT.glob("services/*/requirements.lock")]

    for package in ("scikit-learn", "pandas"):
        old = version(package, LOCK.read_text("utf-8"))
        others = [found for lock in locks if (found := version(package, lock))]
        assert others
        assert old < min(others)


def version(package: str, lock: str) -> tuple[int, ...]:
    found = re.search(rf"^{package}==([\d.]+)", lock, re.MULTILINE)
    return tuple(map(int, found[1].split("."))) if found else ()
