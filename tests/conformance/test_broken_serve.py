"""Each serve image that breaks the API in one way is found by the check for that."""

import docker
import pytest
from support.breaking import FAULTS, broken_image, faulty, verdicts

CHECKS = {
    "server",
    "health",
    "model-route",
    "prometheus",
    "docs",
    "predict",
    "oip-infer",
    "oip-metadata",
    "predict-csv",
    "invocations",
    "missing-value",
    "wrong-value",
    "unknown-column",
    "source-column",
    "unusual-value",
    "wrong-body",
    "too-large",
}
"""Those that share two servers."""
FOUND_BY = {
    "deaf": {"new-model"},
    "credulous": {"bad-model"},
    "unchecked": {"bad-model"},
    "nothing_required": {"missing-value"},
    "no_names_checked": {"unknown-column"},
    "falls_over": {"wrong-body"},
    "rounded": {"predict", "predict-csv"},
    "cuts_off": {"drains"},
    "other_version": {"oip-infer"},
    "writes_at_home": {"server"},
    "own_metrics": {"prometheus"},
    "of_contract_1_0": {"text-rules", "bad-model"},
    "of_contract_1_1": {"boolean-text"},
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_broken_image_is_found_by_the_right_check(
    fault: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    with broken_image(engine, images["serve"], FAULTS / f"serve/{fault}.py") as image:
        found = verdicts(engine, image, "serve", only=CHECKS | FOUND_BY[fault])

    assert faulty(found) == FOUND_BY[fault]
    assert all(verdict.fix for verdict in found if verdict.verdict == "fault")


def test_a_server_of_a_standard_protocol_alone_is_checked_by_that(
    engine: docker.DockerClient, images: dict[str, str]
) -> None:
    with broken_image(engine, images["serve"], FAULTS / "serve/other_version.py") as image:
        found = verdicts(engine, image, "serve", only=CHECKS, api="oip")

    left_out = {verdict.check.name for verdict in found if verdict.verdict == "skip"}
    assert faulty(found) == {"oip-infer"}
    assert {"health", "predict", "predict-csv", "docs", "too-large"} <= left_out
    assert left_out.isdisjoint({"server", "missing-value", "unknown-column", "wrong-body"})
