"""Each batch image that breaks the contract in one way is found by the check for that."""

import docker
import pytest
from support.breaking import FAULTS, broken_image, faulty, verdicts

CHECKS = {
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
"""Those that look at one run on the example."""
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
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_broken_image_is_found_by_the_right_check(
    fault: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    stage = fault.partition("/")[0]
    with broken_image(engine, images[stage], FAULTS / fault) as image:
        found = verdicts(engine, image, stage, only=CHECKS | FOUND_BY[fault])

    assert faulty(found) == FOUND_BY[fault]
    assert all(verdict.fix for verdict in found if verdict.verdict == "fault")
