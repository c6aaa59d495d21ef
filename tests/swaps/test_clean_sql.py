"""swaps/clean-sql: one SQL file that cleans as the default does, and can be edited."""

import subprocess

import pytest
from support.running import ROOT, Pipeline, last_line
from support.swapped_clean import (
    SETTINGS,
    rejects,
    table,
    test_it_cleans_as_the_default_does,  # noqa: F401  # pytest collects it
    test_the_api_answers_with_what_it_cleaned,  # noqa: F401  # pytest collects it
)

SWAP = "clean-sql"
RULES = (ROOT / "swaps/clean-sql/clean.sql").read_text(encoding="utf-8")


def clean_with(pipeline: Pipeline, rules: str) -> subprocess.CompletedProcess[str]:
    """Run the stage alone with a rules file of the pipeline's own."""
    pipeline.configure(f'{SETTINGS}[clean]\nrules = "mine.sql"\n')
    (pipeline.folder / "pipelines/mine.sql").write_text(rules, encoding="utf-8")
    return pipeline.compose("run", "--rm", "--no-deps", "clean")


def test_a_rule_across_columns_rejects_rows_with_its_words(pipeline: Pipeline) -> None:
    rule = """SELECT "@row", 'deeper than long' AS reason
        FROM typed WHERE bill_depth_mm * 2.3 > bill_length_mm"""

    run = clean_with(
        pipeline, RULES.replace("""SELECT "@row", '' AS reason FROM typed WHERE false""", rule)
    )

    assert run.returncode == 0, run.stdout
    artifact = pipeline.latest("clean-data")
    found = [line for line in rejects(artifact) if line["reason"] == "deeper than long"]
    assert artifact.manifest["metrics"]["rejected_by_reason"] == {"deeper than long": len(found)}
    for line in found:
        record = line["record"]
        assert float(record["bill_depth_mm"]) * 2.3 > float(record["bill_length_mm"])
    kept = table(artifact).to_pylist()
    assert found
    assert not any(
        (row["bill_depth_mm"] or 0) * 2.3 > (row["bill_length_mm"] or 99) for row in kept
    )


def test_copies_can_be_told_by_a_key(pipeline: Pipeline) -> None:
    start = RULES.index("CREATE VIEW copies")
    by_key = """CREATE VIEW copies AS
        SELECT "@row", min("@row") OVER (PARTITION BY island, year) AS first
        FROM typed QUALIFY "@row" > first;"""

    run = clean_with(pipeline, RULES[:start] + by_key)

    assert run.returncode == 0, run.stdout
    kept = table(pipeline.latest("clean-data")).select(["island", "year"]).to_pylist()
    assert len(kept) == 9
    assert len({(row["island"], row["year"]) for row in kept}) == 9


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("AS text;", "AS lower(text);", "the contract's test vector gives"),
        ("WHERE false", "WHERE no_such_column", "no_such_column"),
        ("CREATE MACRO", "CREATE MAKRO", "syntax error"),
    ],
)
def test_a_wrong_rules_file_is_refused_with_its_name(
    pipeline: Pipeline, before: str, after: str, says: str
) -> None:
    latest = pipeline.latest("clean-data").id

    run = clean_with(pipeline, RULES.replace(before, after, 1))

    assert run.returncode == 78, run.stdout
    assert "mine.sql: " in last_line(run)
    assert says in last_line(run)
    assert pipeline.latest("clean-data").id == latest
