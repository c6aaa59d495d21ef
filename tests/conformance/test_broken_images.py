"""Each image that breaks the contract in one way is found by the check for that.

This is one for each stage; `make prove-kit` plants all.
"""

import docker
import pytest
from support.breaking import FAULTS, FOUND_BY, broken_image, faulty, verdicts

BATCH = {
    "owner",
    "user",
    "publishes",
    "manifest",
    "digests",
    "lineage",
    "counts",
    "rejects",
    "no-row-lost",
    "documents",
    "plain-parquet",
    "tidy",
    "malformed-lines",
    "clean-types",
    "clean-schema",
    "clean-rules",
    "text-log",
}
CHECKS = {
    "ingest": BATCH,
    "clean": BATCH,
    "features": {
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
    },
    "train": {
        "publishes",
        "signature",
        "examples",
        "metrics",
        "reference",
        "model-interface",
        "predictions",
        "model-finite",
        "model-is-transform",
    },
    "serve": {
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
    },
}
"""Those of a stage that look at one run on the example, or share two servers."""
IN_EVERY_RUN = [
    "clean/forgotten_row.py",
    "ingest/lost_line.py",
    "features/rounded_matrix.py",
    "train/flattering_scores.py",
    "serve/rounded.py",
]


@pytest.mark.parametrize("fault", IN_EVERY_RUN)
def test_a_broken_image_is_found_by_the_right_check(
    fault: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    stage = fault.partition("/")[0]
    with broken_image(engine, images[stage], FAULTS / fault) as image:
        found = verdicts(engine, image, stage, only=CHECKS[stage] | FOUND_BY[fault])

    assert faulty(found) == FOUND_BY[fault]
    assert all(verdict.fix for verdict in found if verdict.verdict == "fault")


def test_every_fault_that_is_kept_is_planted() -> None:
    kept = {path.relative_to(FAULTS).as_posix() for path in FAULTS.glob("*/*.*")}

    assert kept == set(FOUND_BY)


def test_a_server_of_a_standard_protocol_alone_is_checked_by_that(
    engine: docker.DockerClient, images: dict[str, str]
) -> None:
    with broken_image(engine, images["serve"], FAULTS / "serve/other_version.py") as image:
        found = verdicts(engine, image, "serve", only=CHECKS["serve"], api="oip")

    left_out = {verdict.check.name for verdict in found if verdict.verdict == "skip"}
    assert faulty(found) == {"oip-infer"}
    assert {"health", "predict", "predict-csv", "docs", "too-large"} <= left_out
    assert left_out.isdisjoint({"server", "missing-value", "unknown-column", "wrong-body"})
