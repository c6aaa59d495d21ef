"""Each image that breaks the contract in one way is found by the check for that.

`make test` has three of them for each stage, `make prove-kit` all.
"""

import os

import docker
import pytest
from support.breaking import FAULTS, broken_image, faulty, verdicts

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
FOUND_BY = {
    "clean/owner.dockerfile": {"owner"},
    "clean/idle.py": {"publishes"},
    "clean/settings_of_python.py": {"manifest"},
    "clean/wrong_content.py": {"digests"},
    "clean/wrong_hash.py": {"digests"},
    "clean/short_lineage.py": {"lineage"},
    "clean/wrong_count.py": {"counts"},
    "clean/no_reason.py": {"rejects"},
    "clean/forgotten_row.py": {"no-row-lost", "clean-rules"},
    "clean/no_timezone.py": {"documents"},
    "clean/dictionary.py": {"plain-parquet", "clean-types"},
    "clean/brotli.py": {"plain-parquet"},
    "clean/untidy.py": {"tidy"},
    "clean/other_types.py": {"clean-types"},
    "clean/broken_rules.py": {"clean-schema", "clean-rules"},
    "clean/invented_value.py": {"clean-rules"},
    "clean/any_setting.py": {"unknown-setting"},
    "clean/any_value.py": {"wrong-setting"},
    "clean/any_table.py": {"unknown-table"},
    "clean/exit_one.py": {"refuses-torn"},
    "clean/traceback.py": {"refuses-tampered"},
    "clean/unverified.py": {"refuses-tampered"},
    "clean/follows_links.py": {"refuses-link"},
    "clean/any_major.py": {"refuses-other-major"},
    "clean/fails_on_empty.py": {"hostile-empty"},
    "clean/rounds.py": {"hostile-large-integers"},
    "clean/hungry.py": {"large"},
    "clean/random_bytes.py": {"equal-cause"},
    "clean/rewrites.py": {"skips"},
    "clean/edits_published.py": {"immutable"},
    "clean/one_id.py": {"moves-on"},
    "clean/unpinned.py": {"pinned"},
    "clean/tidies_history.py": {"pinned"},
    "clean/forgets_latest.py": {"failed-run"},
    "clean/deaf.py": {"sigterm"},
    "clean/early_latest.py": {"kill"},
    "clean/old_drafts.py": {"kill"},
    "clean/full_is_fine.py": {"full-disk"},
    "clean/colours.py": {"text-log"},
    "clean/half_json.py": {"json-log"},
    "clean/unescaped.py": {"safe-log"},
    "ingest/network.py": {"publishes", "no-network"},
    "ingest/writes_at_home.py": {"publishes", "read-only-root"},
    "ingest/fills_tmp.py": {"publishes", "small-tmp"},
    "ingest/trims.py": {"faithful"},
    "ingest/guesses_types.py": {"faithful"},
    "ingest/lost_line.py": {"malformed-lines", "no-row-lost"},
    "ingest/other_form.py": {"source-form"},
    "features/rounded_matrix.py": {"matrix-is-transform"},
    "features/swapped_places.py": {"matrix-is-transform"},
    "features/not_finite.py": {"transform-finite"},
    "features/backward_classes.py": {"target"},
    "features/nothing_required.py": {"input-columns"},
    "features/newest_operators.py": {"transform-interface"},
    "features/no_rejects.py": {"rows-kept"},
    "features/doubles.py": {"feature-tables"},
    "features/split_by_position.py": {"split-stays"},
    "train/lying_examples.py": {"examples"},
    "train/flattering_scores.py": {"metrics"},
    "train/backward_label.py": {"predictions"},
    "train/forgotten_columns.py": {"signature"},
    "train/own_way_in.py": {"model-is-transform"},
    "train/wrong_opset.py": {"model-interface"},
    "train/no_verdict.py": {"reference"},
    "train/unbounded.py": {"model-finite"},
    "serve/deaf.py": {"new-model"},
    "serve/credulous.py": {"bad-model"},
    "serve/unchecked.py": {"bad-model"},
    "serve/nothing_required.py": {"missing-value"},
    "serve/no_names_checked.py": {"unknown-column"},
    "serve/falls_over.py": {"wrong-body"},
    "serve/rounded.py": {"predict", "predict-csv"},
    "serve/cuts_off.py": {"drains"},
    "serve/other_version.py": {"oip-infer"},
    "serve/writes_at_home.py": {"server"},
    "serve/own_metrics.py": {"prometheus"},
    "serve/of_contract_1_0.py": {"text-rules", "bad-model"},
    "serve/of_contract_1_1.py": {"boolean-text"},
}
IN_EVERY_RUN = [
    *("clean/wrong_content.py", "clean/forgotten_row.py", "clean/unverified.py"),
    *("ingest/lost_line.py", "ingest/guesses_types.py", "ingest/network.py"),
    *("features/rounded_matrix.py", "features/backward_classes.py", "features/no_rejects.py"),
    *("train/lying_examples.py", "train/flattering_scores.py", "train/own_way_in.py"),
    *("serve/rounded.py", "serve/no_names_checked.py", "serve/of_contract_1_1.py"),
]


@pytest.mark.parametrize("fault", FOUND_BY if os.environ.get("PROVE_KIT") == "1" else IN_EVERY_RUN)
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
