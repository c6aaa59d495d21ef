"""Clean: the table has the types of schema.json, keeps its rules, and so do the rejects."""

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
    "clean-vectors", stages=("clean",), promise="the texts of the cleaning vectors become values"
)
def clean_vectors(subject: Subject) -> None:
    first_artifact(subject)
    made = stage_input(subject, vector_table())
    run = subject.run(source=made.source)
    check_whole(subject, run, made.source)


def vector_table() -> Houses:
    """Return houses with a text column for each type, filled with the vectors' good texts.

    Whatever types an image finds in them, its table has to be what its schema.json makes of them.
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
    for type_, found in texts.items():
        values = [found[number % len(found)] for number in range(rows)]
        repeated = repeated.with_column(f"a {type_}", values, "string", pa.string())
    return repeated


def _artifact(subject: Subject) -> Published:
    artifact = first_artifact(subject)
    try:
        check_documents(artifact)
    except Fault:
        raise Skipped("its schema.json can't be applied; see the check `documents`") from None
    return artifact
