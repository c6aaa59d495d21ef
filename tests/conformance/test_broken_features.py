"""Each features image that breaks the contract in one way is found by the check for that."""

import docker
import pytest
from support.breaking import FAULTS, broken_image, faulty, verdicts

CHECKS = {
    "publishes",
    "feature-tables",
    "input-columns",
    "rows-kept",
    "test-rows-whole",
    "transform-interface",
    "transform-rows",
    "transform-finite",
    "matrix-is-transform",
    "target",
}
FOUND_BY = {
    "rounded_matrix": "matrix-is-transform",
    "swapped_places": "matrix-is-transform",
    "not_finite": "transform-finite",
    "backward_classes": "target",
    "nothing_required": "input-columns",
    "newest_operators": "transform-interface",
    "no_rejects": "rows-kept",
    "doubles": "feature-tables",
    "split_by_position": "split-stays",
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_broken_image_is_found_by_the_right_check(
    fault: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    check = FOUND_BY[fault]
    with broken_image(engine, images["features"], FAULTS / f"features/{fault}.py") as image:
        found = verdicts(engine, image, "features", only={*CHECKS, check})

    assert faulty(found) == {check}
    assert all(verdict.fix for verdict in found if verdict.verdict == "fault")
