"""Checks of clean: its table and its rejected rows follow schema.json."""

import json

import pyarrow as pa

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import EXAMPLES, Subject
from conformance.inputs import Houses, houses, stage_input
from conformance.validity.manifests import check_documents
from conformance.validity.published import Published
from conformance.validity.rejected import check_rules_against_source
from conformance.validity.satisfied import check_satisfied
from conformance.validity.typed_columns import check_columns
from conformance.validity.whole import check_whole

VECTORS = EXAMPLES / "vectors" / "cleaning.json"


@check("clean-types", stages=("clean",), promise="Parquet types follow schema.json")
def clean_types(subject: Subject) -> None:
    check_columns(_artifact(subject))


@check("clean-schema", stages=("clean",), promise="every value of the table satisfies schema.json")
def clean_schema(subject: Subject) -> None:
    check_satisfied(_artifact(subject))


@check("clean-rules", stages=("clean",), promise="rows are kept and rejected as schema.json says")
def clean_rules(subject: Subject) -> None:
    check_rules_against_source(_artifact(subject), subject.example)


@check(
    "clean-vectors", stages=("clean",), promise="valid texts of the cleaning test cases are read"
)
def clean_vectors(subject: Subject) -> None:
    first_artifact(subject)
    source = stage_input(subject, vector_table()).source
    run = subject.run(source=source)
    check_whole(subject, run, source)


def vector_table() -> Houses:
    """Return houses with a text column for each type, filled with the valid texts of the vectors.

    An image may infer any types; its table must follow its own schema.json.
    """
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    texts: dict[str, list[str]] = {}
    for vector in vectors:
        if "text" in vector and "error" not in vector and not vector["field"].get("constraints"):
            texts.setdefault(vector["field"]["type"], []).append(vector["text"])
    rows = max(map(len, texts.values()))
    table = houses()
    repeated = Houses(table.table.take(pa.array([n % table.table.num_rows for n in range(rows)])))
    repeated = repeated.with_values("id", [f"v{n}" for n in range(rows)])
    for type_, valid in texts.items():
        values = [valid[number % len(valid)] for number in range(rows)]
        repeated = repeated.with_column(f"a {type_}", values, "string", pa.string())
    return repeated


def _artifact(subject: Subject) -> Published:
    artifact = first_artifact(subject)
    try:
        check_documents(artifact)
    except Fault:
        raise Skipped("its schema.json can't be applied; see the check `documents`") from None
    return artifact
