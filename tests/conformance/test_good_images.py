"""The kit finds no fault in the default images: what is checked of one stage alone."""

import docker
import pytest
from breaking import faulty, verdicts
from conformance.checking import CHECKS


@pytest.mark.parametrize("stage", ["features", "train", "serve"])
def test_a_default_image_has_no_fault(
    stage: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    own = {check.name for check in CHECKS if check.stages == (stage,)}

    found = verdicts(engine, images[stage], stage, only=own)

    assert [(v.check.name, v.what) for v in found if v.verdict != "ok"] == []


def test_a_default_server_has_no_fault_by_the_standard_protocol_alone(
    engine: docker.DockerClient, images: dict[str, str]
) -> None:
    found = verdicts(engine, images["serve"], "serve", api="oip")

    assert faulty(found) == set()
    skipped = {verdict.check.name for verdict in found if verdict.verdict == "skip"}
    assert {"predict", "health", "docs"} <= skipped
