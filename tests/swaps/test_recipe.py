"""docs/swap-a-stage.md: its commands, typed one after the other, swap a stage and swap it back."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from conftest import MakePipeline
from docker.errors import ImageNotFound
from support.checkouts import checkout
from support.running import ROOT, TAG, Pipeline

RECIPE = (ROOT / "docs/swap-a-stage.md").read_text(encoding="utf-8")
IMAGE = f"stagecoach/clean-mine:{TAG}"
SCREENS = 90
"""Lines on two screens."""


def script(port: int) -> str:
    """Return the commands of the page, with a mark after each line that says who serves."""
    blocks = re.findall(r"```sh\n(.*?)```", RECIPE, re.DOTALL)
    lines = [line.partition("   #")[0].strip() for block in blocks for line in block.splitlines()]
    said = "\n".join(
        f"{line}\necho; echo '@@' {shlex.quote(line)} $(docker compose ps -q serve)"
        for line in lines
    )
    typed = said.replace("8001", str(port)).replace("clean-mine:dev", f"clean-mine:{TAG}")
    return f"set -eu\n{typed}\n"


@pytest.fixture(scope="module")
def folder(engine: docker.DockerClient) -> Iterator[Path]:
    with checkout() as copy:
        yield copy
    # It is not there if the test failed before it was built.
    with suppress(ImageNotFound):
        engine.images.remove(IMAGE, noprune=True)


def test_the_recipe_fits_on_two_screens() -> None:
    assert len(RECIPE.splitlines()) <= SCREENS


def test_the_recipes_commands_swap_a_stage_and_swap_it_back(
    make_pipeline: MakePipeline, folder: Path
) -> None:
    pipeline = make_pipeline(name="penguins")
    environment = pipeline.environment | {"PATH": os.environ["PATH"]}
    for variable in ("COMPOSE_FILE", "DATA", "PIPELINES", "PIPELINE", "PORT"):
        del environment[variable]

    run = subprocess.run(
        ["sh", "-c", script(pipeline.port)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    said = outputs(run.stdout)
    assert "made swaps/clean-mine from swaps/template/clean" in said[0][1]
    (conform,) = [text for line, text, _ in said if line.startswith("make conform")]
    assert "keeps the contract of clean" in conform
    up, swapped, back = [
        (text, serve) for line, text, serve in said if line in {"make up", "make rerun"}
    ]
    assert "clean     published clean-data" in up[0]
    assert json.loads(answer_of(up[0]))["predictions"][0]["species"]
    (schema,) = [text for line, text, _ in said if "schema.json" in line]
    assert "unknown" in json.loads(schema)["missingValues"]
    (model,) = [text for line, text, _ in said if line.startswith("curl")]
    assert json.loads(model)["name"] == "penguins"
    assert "clean     unchanged" in swapped[0]
    assert "clean     published clean-data" in back[0]
    assert up[1] == swapped[1] == back[1] != ""
    assert "unknown" not in json.loads(schema_of(pipeline))["missingValues"]


def outputs(text: str) -> list[tuple[str, str, str]]:
    """Return each line that was typed, what it printed, and the container that serves after it."""
    parts = re.split(r"^@@ (.*?)(?: ([0-9a-f]{64}))?$", text, flags=re.MULTILINE)
    printed, lines, serving = parts[0::3], parts[1::3], parts[2::3]
    return [
        (line, out.strip(), serve or "")
        for line, out, serve in zip(lines, printed, serving, strict=False)
    ]


def answer_of(up: str) -> str:
    return next(line for line in up.splitlines() if line.startswith('{"model"'))


def schema_of(pipeline: Pipeline) -> str:
    return pipeline.latest("clean-data").file("schema.json").read_text(encoding="utf-8")
