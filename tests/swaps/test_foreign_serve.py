"""An image of serve without Python and without a health check is started, kept and replaced."""

from collections.abc import Iterator
from dataclasses import replace

import docker
import pytest
from conformance.harness.volumes import Volume, Volumes
from conftest import MakePipeline
from support.breaking import image_context
from support.running import BASE_IMAGE, ROOT, TAG, Pipeline, last_line

EXAMPLES = ROOT / "contract/examples"
DOCKERFILE = """FROM {serve}
USER root
# As in an image of another language: no program is called python.
RUN mv /venv/bin/python /venv/bin/serve-runtime
ENV PATH=/venv/bin
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["serve-runtime", "-m", "serve"]
"""


@pytest.fixture(scope="module")
def foreign_serve(engine: docker.DockerClient, images: dict[str, str]) -> Iterator[str]:
    name = f"stagecoach-test/serve-foreign:{TAG}"
    content = DOCKERFILE.format(serve=images["serve"]).encode()
    engine.images.build(
        fileobj=image_context({"Dockerfile": content}), custom_context=True, tag=name, rm=True
    )
    yield name
    engine.images.remove(name, force=True)


@pytest.fixture(scope="module")
def pipeline(
    engine: docker.DockerClient, session_pipelines: MakePipeline, foreign_serve: str
) -> Pipeline:
    """A pipeline whose model was published before, with this image in the place of serve."""
    pipeline = session_pipelines()
    pipeline.provide("houses.csv", (EXAMPLES / "houses.csv").read_bytes())
    pipeline.configure((EXAMPLES / "houses.toml").read_text(encoding="utf-8"))
    labels = {"com.docker.compose.project": pipeline.project, "com.docker.compose.volume": "model"}
    volume = engine.volumes.create(f"{pipeline.project}_model", labels=labels)
    Volumes(engine, foreign_serve, BASE_IMAGE, {}).fill(Volume(volume.name), EXAMPLES / "model")
    override = pipeline.folder / "serve.yaml"
    override.write_text(
        f"services: {{serve: {{image: '{foreign_serve}', build: !reset null}}}}", encoding="utf-8"
    )
    swapped = replace(pipeline, compose_files=(override,))
    deployed = swapped.make("deploy-serve")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert f"serve answers with model {swapped.latest('model').id}" in deployed.stdout
    return swapped


def test_it_has_no_health_check_and_no_program_called_python(pipeline: Pipeline) -> None:
    container = pipeline.engine.containers.get(pipeline.container_id("serve"))

    assert "Health" not in container.attrs["State"]
    assert container.exec_run(["python", "--version"]).exit_code in {126, 127}


def test_a_second_command_leaves_it_as_it_is(pipeline: Pipeline) -> None:
    before = pipeline.container_id("serve")

    again = pipeline.make("deploy-serve")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "serve differs" not in again.stdout
    assert pipeline.container_id("serve") == before


def test_another_one_is_tried_and_replaces_it(pipeline: Pipeline) -> None:
    before = pipeline.container_id("serve")

    deployed = pipeline.make("deploy-serve", SERVE_MEMORY="600m")

    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "a new one is started on trial first" in deployed.stdout
    assert f"serve answers with model {pipeline.latest('model').id}" in deployed.stdout
    assert pipeline.container_id("serve") != before


def test_one_that_ends_at_once_is_named_with_its_log_and_replaces_nothing(
    pipeline: Pipeline,
) -> None:
    before = pipeline.container_id("serve")
    broken = pipeline.folder / "broken.yaml"
    broken.write_text("services: {serve: {command: [--no-such-option]}}", encoding="utf-8")

    failed = replace(pipeline, compose_files=(*pipeline.compose_files, broken)).make("deploy-serve")

    assert failed.returncode == 1
    assert last_line(failed).startswith("the new serve does not become ready: ")
    assert "--no-such-option" in last_line(failed)
    assert pipeline.container_id("serve") == before
