"""swaps/serve-mlserver: another server on the same model volume gives the same numbers."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from conftest import MakePipeline
from serve_testing.request_forms import infer_request, numbers_of
from stage_contract import open_latest
from support.running import ROOT, Pipeline, free_port, swap_override

EXAMPLES = ROOT / "contract/examples"
VECTORS = [
    case for case in json.loads((EXAMPLES / "vectors/cleaning.json").read_bytes()) if "json" in case
]
CLEAN = """
import json, math, sys
from serve_mlserver.cells import compile_rules
from serve_mlserver.description import Signature

results = []
for case in json.load(sys.stdin):
    place = {"group": "strings" if case["field"]["type"] == "string" else "numbers", "index": 0}
    table = {"missingValues": [], "timezone": "UTC", "ignored": []}
    table |= {key: case[key] for key in table if key in case}
    signature = Signature.model_validate(table | {"fields": [{"input": place} | case["field"]]})
    try:
        value = compile_rules(signature.fields[0], signature)(case["json"])
    except ValueError:
        value = "refused"
    results.append(None if value == "" or value != value else value)
json.dump(results, sys.stdout)
"""
FOLLOW = """
import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace

from serve_mlserver.following import follow
from serve_mlserver.pointer import Pointer
from serve_mlserver.repository import Repository
from serve_mlserver.settings import Settings

volume = Path("/tmp/models")
shutil.copytree("/data/in", volume)
first, second = sorted(path.name for path in volume.iterdir())


class Handlers:
    loads = 0

    async def load(self, name):
        if not self.loads:
            (volume / "LATEST").write_text(second)
        await repository.find(name)
        (volume / "LATEST").write_text(first)
        self.loads += 1


async def main():
    handlers = Handlers()
    server = SimpleNamespace(_model_repository_handlers=handlers)
    task = asyncio.create_task(follow(server, pointer, name="m", seconds=0))
    async with asyncio.timeout(10):
        while handlers.loads < 2:
            await asyncio.sleep(0)
    task.cancel()
    [model] = await repository.list()
    assert model.parameters.version == first


(volume / "LATEST").write_text(first)
pointer = Pointer(volume)
repository = Repository(str(volume), name="m", settings=Settings(), pointer=pointer)
repository._load = lambda artifact: SimpleNamespace(id=artifact.id)
asyncio.run(main())
"""


@pytest.fixture
def image(swap_images: dict[str, str]) -> str:
    return swap_images["serve-mlserver"]


@contextmanager
def mlserver_beside(pipeline: Pipeline) -> Iterator[httpx.Client]:
    """Run the swap on a pipeline's model volume, beside the pipeline's own server."""
    port = free_port()
    swapped = replace(pipeline, compose_files=(swap_override("serve-mlserver"),))
    publish = f"--publish=127.0.0.1:{port}:8000"
    run = swapped.compose("run", "--detach", "--no-deps", "--quiet-pull", publish, "serve")
    container = run.stdout.strip()
    try:
        assert run.returncode == 0, run.stderr
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            wait_until_ready(client)
            yield client
    finally:
        pipeline.engine.containers.get(container).remove(force=True)


def wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if client.get("/v2/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("MLServer was not ready within a minute")


def example_rows(pipeline: Pipeline) -> list[dict[str, Any]]:
    lines = pipeline.latest("model").file("examples.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["row"] for line in lines]


def test_the_rules_of_a_cell_give_what_the_contracts_vectors_say(image: str) -> None:
    run = subprocess.run(
        [
            "docker",
            "run",
            "--rm",
            "-i",
            "--network=none",
            "--entrypoint=python",
            image,
            "-c",
            CLEAN,
        ],
        input=json.dumps(VECTORS),
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    expected = [
        "refused" if "error" in case else case.get("seconds", case["value"]) for case in VECTORS
    ]
    found = json.loads(run.stdout)
    wrong = [
        (case["about"], got, want)
        for case, got, want in zip(VECTORS, found, expected, strict=True)
        if got != want
    ]
    assert wrong == []


def test_a_pointer_that_changes_while_a_model_is_loaded_is_followed(
    image: str, tmp_path: Path
) -> None:
    for folder in ("model", "penguins/model"):
        artifact = open_latest(EXAMPLES / folder, "model")
        shutil.copytree(artifact.path, tmp_path / artifact.path.name)
    tmp_path.chmod(0o755)
    command = ["docker", "run", "--rm", "--network=none", f"--volume={tmp_path}:/data/in:ro"]
    run = subprocess.run(
        [*command, "--entrypoint=python", image, "-c", FOLLOW],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr


@pytest.mark.usefixtures("image")
def test_it_gives_the_numbers_and_the_metadata_of_the_default_server(penguins: Pipeline) -> None:
    rows = example_rows(penguins)
    model = json.loads(penguins.latest("model").file("model.json").read_bytes())
    fields = model["signature"]["fields"]
    columns = {field["name"]: [row[field["name"]] for row in rows] for field in fields}
    body, _ = infer_request(columns, fields)
    path = "/v2/models/penguins"

    with penguins.client() as ours, mlserver_beside(penguins) as theirs:
        answers = [client.post(f"{path}/infer", content=body) for client in (ours, theirs)]
        predicted = ours.post("/predict", json={"rows": rows})
        told = [client.get(path).json() for client in (ours, theirs)]

    labels = [answer.json()["outputs"][0] for answer in answers]
    numbers = [numbers_of(answer, has_classes=True) for answer in [*answers, predicted]]
    assert labels[0] == labels[1]
    assert np.array_equal(numbers[0], numbers[1])
    assert np.array_equal(numbers[1], numbers[2])
    assert told[0] == told[1]


@pytest.mark.usefixtures("image")
def test_wrong_requests_are_refused_and_the_others_answered(penguins: Pipeline) -> None:
    columns: dict[str, Any] = {
        "island": ["Biscoe"],
        "bill_length_mm": [45.1],
        "bill_depth_mm": [14.5],
        "flipper_length_mm": [215],
        "body_mass_g": [5000],
        "sex": ["female"],
        "year": [2007],
    }
    model = json.loads(penguins.latest("model").file("model.json").read_bytes())
    fields = model["signature"]["fields"]
    cases: dict[int, list[dict[str, Any]]] = {
        200: [{}, {"island": ["never seen"]}, {"sex": [None]}],
        422: [{"year": [None]}, {"year": [2007.5]}, {"bill_length_mm": ["long"]}],
    }

    with mlserver_beside(penguins) as client:

        def ask(changes: dict[str, Any]) -> int:
            body, _ = infer_request(columns | changes, fields)
            return client.post("/v2/models/penguins/infer", content=body).status_code

        statuses = {status: [ask(changes) for changes in cases[status]] for status in cases}
        unknown = {"name": "bill_length", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}
        refusal = client.post("/v2/models/penguins/infer", json={"inputs": [unknown]})
        other = client.get("/v2/models/other")

    assert statuses == {200: [200, 200, 200], 422: [422, 422, 422]}
    assert refusal.status_code == 422
    assert "did you mean bill_length_mm?" in refusal.json()["error"]
    assert other.status_code == 404


@pytest.mark.usefixtures("image")
def test_make_up_ends_with_its_answer_and_a_rerun_brings_it_the_new_model(
    make_pipeline: MakePipeline,
) -> None:
    settings = (EXAMPLES / "houses.toml").read_text(encoding="utf-8")
    pipeline = make_pipeline(name="houses", compose_files=(swap_override("serve-mlserver"),))
    pipeline.provide("houses.csv", (EXAMPLES / "houses.csv").read_bytes())
    pipeline.configure(settings)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    container = pipeline.container_id("serve")
    pipeline.configure(settings.replace("trials = 2", "trials = 3"))

    rerun = pipeline.make("rerun")

    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    with pipeline.client() as client:
        versions = client.get("/v2/models/houses").json()["versions"]
    answer = next(line for line in up.stdout.splitlines() if line.startswith('{"model_name"'))
    assert "/v2/models/houses/infer --json" in up.stdout
    assert json.loads(answer)["outputs"][0]["name"] == "price"
    assert versions == [pipeline.latest("model").id]
    assert versions != [json.loads(answer)["model_version"]]
    assert f"serve answers with model {versions[0]}" in rerun.stdout
    assert pipeline.container_id("serve") == container
