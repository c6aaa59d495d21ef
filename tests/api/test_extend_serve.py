"""docs/extend-serve.md: an image with a route, a middleware and a dependency of one's own."""

import re
from collections.abc import Iterator

import docker
import httpx
import pytest
from support.breaking import image_context
from support.running import ROOT, TAG, Pipeline, free_port
from support.waiting import until

PAGE = (ROOT / "docs/extend-serve.md").read_text(encoding="utf-8")
PENGUIN = {
    "island": "Biscoe", "bill_length_mm": 48.4, "bill_depth_mm": 14.4,
    "flipper_length_mm": 203, "body_mass_g": 4625, "sex": "female", "year": 2009,
}  # fmt: skip
TEAM = {"x-team": "sales"}


def block(language: str) -> str:
    """Return the first code of a language on the page."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def client(
    engine: docker.DockerClient, images: dict[str, str], penguins: Pipeline
) -> Iterator[httpx.Client]:
    """Yield a client of a container of the page's image, with the model of the penguins."""
    dockerfile = block("dockerfile").replace("stagecoach/serve:dev", images["serve"])
    assert images["serve"] in dockerfile
    files = {"Dockerfile": dockerfile.encode(), "mine.py": block("python").encode()}
    name, port = f"stagecoach-test/extended-serve:{TAG}", free_port()
    engine.images.build(fileobj=image_context(files), custom_context=True, tag=name, rm=True)
    try:
        container = engine.containers.run(
            name,
            detach=True,
            read_only=True,
            cap_drop=["ALL"],
            environment={"PIPELINE": penguins.name},
            volumes={
                f"{penguins.project}_model": {"bind": "/data/in", "mode": "ro"},
                str(penguins.folder / "pipelines"): {"bind": "/config", "mode": "ro"},
            },
            ports={"8000/tcp": ("127.0.0.1", port)},
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                until(lambda: is_ready(client), otherwise=lambda: container.logs().decode())
                yield client
        finally:
            container.remove(force=True)
    finally:
        engine.images.remove(name, force=True)


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_the_route_of_the_page_names_the_columns(client: httpx.Client) -> None:
    answer = client.get("/columns", headers=TEAM)

    assert answer.status_code == 200
    assert set(PENGUIN) <= set(answer.json())
    assert answer.headers["x-region"] == "eu-west"


def test_the_dependency_and_the_middleware_hold_for_predictions(client: httpx.Client) -> None:
    known = client.post("/predict", json={"rows": [PENGUIN]}, headers=TEAM)
    unknown = client.post("/predict", json={"rows": [PENGUIN]})

    assert known.json()["predictions"][0]["species"] == "Gentoo"
    assert {known.headers["x-region"], unknown.headers["x-region"]} == {"eu-west"}
    assert unknown.status_code == 403
    assert unknown.json()["detail"] == "send the name of your team as X-Team"


def test_the_description_has_the_route_beside_the_predictions(client: httpx.Client) -> None:
    document = client.get("/openapi.json", headers=TEAM).json()

    assert {"/columns", "/predict", "/invocations"} <= set(document["paths"])
