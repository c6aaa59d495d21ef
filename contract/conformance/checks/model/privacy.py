"""Features and train: no document of an artifact holds a value of a private column."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.inputs.clean_data import write_clean_data
from conformance.inputs.feature_data import write_feature_data
from conformance.inputs.houses import Houses, houses
from conformance.inputs.recorded_input import mark_private
from conformance.inputs.republishing import republish
from conformance.validity.lineage import latest_artifact
from conformance.validity.published import Published, manifest_of, published

PRIVATE = ("id", "colour", "size")
"""One that is not an input of the example's feature-data, and two that are."""
_HIDDEN = "(private)"
"""What the record of a rejected row has for a private value."""
_TARGET, _GAP, _REJECTED = "price", "colour", 5
"""The target, a private column, and the index of a row that lacks both and is rejected."""
_COUNTS = {"rows", "missing", "distinct"}
"""What `observed` of a private column may hold."""
_DOCUMENTS = {".json", ".jsonl", ".html", ".md", ".txt", ".csv"}


@check(
    "private-columns",
    stages=["features", "train"],
    promise="no document holds a value of a private column; observed has counts of it only",
)
def private_columns(subject: Subject) -> None:
    first_artifact(subject)
    is_features = subject.stage == "features"
    run = subject.run(source=_clean_data(subject) if is_features else _feature_data(subject))
    # A gate may refuse a model of columns that say nothing; it is published all the same.
    artifact = (
        Published(run.out / run.refused, manifest_of(run, run.refused))
        if run.refused is not None
        else published(run)
    )
    _check_documents(artifact)
    if is_features:
        columns = artifact.document("features.json")["columns"]
        _check_marks("features.json: columns", columns, expected=PRIVATE)
        _check_observed("features.json", columns)
        _check_rejects(artifact)
    else:
        fields = artifact.document("model.json")["signature"]["fields"]
        inputs = [name for name in PRIVATE if name != "id"]
        _check_marks("model.json: signature.fields", fields, expected=inputs)
        _check_observed("model.json", fields)


def _check_documents(artifact: Published) -> None:
    known = {name: _texts(name) for name in PRIVATE}
    for path in sorted(artifact.path.rglob("*")):
        if path.suffix not in _DOCUMENTS:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for name, values in known.items():
            if told := next((value for value in values if value in text), None):
                raise Fault(
                    f"{path.name} holds {told}, a value of the private column '{name}'",
                    "leave out values of `private` columns: categories, examples, extremes, names"
                    f' of features; write "{_HIDDEN}" in rejects, and null in examples.jsonl',
                )


def _check_marks(
    where: str, columns: Sequence[Mapping[str, Any]], *, expected: Sequence[str]
) -> None:
    found = [column["name"] for column in columns if column.get("private")]
    if sorted(found) != sorted(expected):
        raise Fault(
            f"{where} does not say which columns are private",
            "repeat `private` of the input's schema.json, for ignored columns too",
            expected=sorted(expected),
            found=sorted(found),
        )


def _check_observed(document: str, columns: Sequence[Mapping[str, Any]]) -> None:
    for column in columns:
        if column["name"] in PRIVATE and (more := column.get("observed", {}).keys() - _COUNTS):
            raise Fault(
                f"{document}: `observed` of the private column '{column['name']}' holds"
                f" {', '.join(sorted(more))}",
                "leave out extremes, quantiles and means of private columns",
                expected=sorted(_COUNTS),
                found=sorted(column["observed"]),
            )


def _check_rejects(artifact: Published) -> None:
    for reject in artifact.rejects:
        record = reject["record"]
        if not isinstance(record, dict):
            continue  # `rows-kept` wants an object.
        found = {name: record.get(name) for name in PRIVATE}
        expected = dict.fromkeys(PRIVATE, _HIDDEN)
        if found != expected:
            raise Fault(
                f"rejects/: the record of row {reject['row']} does not say that values are private",
                f'write "{_HIDDEN}" for each value of a private column',
                expected=expected,
                found=found,
            )


def _table() -> Houses:
    table = houses()
    rows = range(len(table))
    table = table.with_values("id", [f"zqid{row:03}" for row in rows])
    table = table.with_values("colour", [f"zqcolour{row % 5}" for row in rows])
    return table.with_values("size", [7310.0625 + row for row in rows])


def _texts(name: str) -> list[str]:
    return [str(value) for value in dict.fromkeys(_table().values(name))]


def _clean_data(subject: Subject) -> Path:
    """Return a volume with clean-data that has private columns.

    A row lacks the target, and one of its private values: that, too, is private.
    """
    table = _table()
    for name in (_TARGET, _GAP):
        values = table.values(name)
        values[_REJECTED] = None
        table = table.with_values(name, values)
    folder, volume = subject.scratch(), subject.scratch()
    write_clean_data(folder, table)
    republish(latest_artifact(folder).path, volume, lambda path: mark_private(path, PRIVATE))
    return volume


def _feature_data(subject: Subject) -> Path:
    """Return a volume with feature-data that has private columns."""
    folder = subject.scratch()
    write_feature_data(folder, _table())
    volume = subject.scratch()
    source = latest_artifact(folder).path
    republish(source, volume, lambda path: mark_private(path, PRIVATE))
    return volume
