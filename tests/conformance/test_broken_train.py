"""Each train image that breaks the contract in one way is found by the check for that."""

import docker
import pytest
from support.breaking import FAULTS, broken_image, faulty, verdicts

CHECKS = {
    "publishes",
    "signature",
    "examples",
    "metrics",
    "reference",
    "model-interface",
    "predictions",
    "model-finite",
    "model-is-transform",
}
FOUND_BY = {
    "lying_examples": "examples",
    "flattering_scores": "metrics",
    "backward_label": "predictions",
    "forgotten_columns": "signature",
    "own_way_in": "model-is-transform",
    "wrong_opset": "model-interface",
    "no_verdict": "reference",
    "unbounded": "model-finite",
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_broken_image_is_found_by_the_right_check(
    fault: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    with broken_image(engine, images["train"], FAULTS / f"train/{fault}.py") as image:
        found = verdicts(engine, image, "train", only=CHECKS)

    assert faulty(found) == {FOUND_BY[fault]}
    assert all(verdict.fix for verdict in found if verdict.verdict == "fault")
