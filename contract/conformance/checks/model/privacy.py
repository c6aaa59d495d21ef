"""Train: no document of a model holds a value of a private column."""

from pathlib import Path

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.inputs.feature_data import write_feature_data
from conformance.inputs.houses import Houses, houses
from conformance.inputs.recorded_input import mark_private
from conformance.inputs.republishing import republish
from conformance.validity.lineage import latest_artifact
from conformance.validity.published import Published, manifest_of, published

PRIVATE = ("id", "colour", "size")
"""One that is not an input, and two that are."""
_COUNTS = {"rows", "missing", "distinct"}
"""What `observed` of a private column may hold."""
_DOCUMENTS = {".json", ".jsonl", ".html", ".md", ".txt", ".csv"}


@check(
    "private-columns",
    stages=["train"],
    promise="no document of a model holds a value of a private column; its examples leave it out",
)
def private_columns(subject: Subject) -> None:
    first_artifact(subject)
    source = _source(subject)
    run = subject.run(source=source)
    # A gate may refuse a model of columns that say nothing; it is published all the same.
    artifact = (
        Published(run.out / run.refused, manifest_of(run, run.refused))
        if run.refused is not None
        else published(run)
    )
    known = {name: _texts(name) for name in PRIVATE}
    for path in sorted(artifact.path.rglob("*")):
        if path.suffix not in _DOCUMENTS:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for name, values in known.items():
            if told := next((value for value in values if value in text), None):
                raise Fault(
                    f"{path.name} holds {told}, a value of the private column '{name}'",
                    "leave out values of columns that are `private` in features.json: categories,"
                    " examples, extremes, and null in the rows of examples.jsonl",
                )
    _check_signature(artifact)


def _check_signature(artifact: Published) -> None:
    fields = artifact.document("model.json")["signature"]["fields"]
    private = [field["name"] for field in fields if field.get("private")]
    expected = [name for name in PRIVATE if name != "id"]
    if sorted(private) != sorted(expected):
        raise Fault(
            "model.json: signature.fields does not say which columns are private",
            "repeat the fields of schema.json",
            expected=sorted(expected),
            found=sorted(private),
        )
    for field in fields:
        if field.get("private") and (more := field.get("observed", {}).keys() - _COUNTS):
            raise Fault(
                f"model.json: `observed` of the private column '{field['name']}' holds"
                f" {', '.join(sorted(more))}",
                "leave out extremes, quantiles and means of private columns",
                expected=sorted(_COUNTS),
                found=sorted(field["observed"]),
            )


def _table() -> Houses:
    table = houses()
    rows = range(len(table))
    table = table.with_values("id", [f"zqid{row:03}" for row in rows])
    table = table.with_values("colour", [f"zqcolour{row % 5}" for row in rows])
    return table.with_values("size", [7310.0625 + row for row in rows])


def _texts(name: str) -> list[str]:
    return [str(value) for value in dict.fromkeys(_table().values(name))]


def _source(subject: Subject) -> Path:
    """Return a volume with feature-data that has private columns."""
    folder = subject.scratch()
    write_feature_data(folder, _table())
    volume = subject.scratch()
    source = latest_artifact(folder).path
    republish(source, volume, lambda path: mark_private(path, PRIVATE))
    return volume
