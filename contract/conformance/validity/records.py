"""Records: `pipeline` of run.json has a record for each stage, and no value of a private column."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.harness.faults import Fault
from conformance.validity.manifests import check_schema
from conformance.validity.published import Published

VALUES = ("minimum", "maximum")
"""Keys of a column that hold values of the table."""

_PAGE = "see contract/reference/run.md"


def has_records(artifact: Published) -> bool:
    """Return whether its run.json is there and has the optional `pipeline`."""
    return (artifact.path / "run.json").exists() and "pipeline" in artifact.document("run.json")


def check_records(artifact: Published, handed_on: Sequence[Mapping[str, Any]] = ()) -> None:
    """Check the records; `handed_on` are those of the input, as they are to be handed on."""
    document = artifact.document("run.json")
    check_schema(document, "run", f"{artifact.path.name}/run.json")
    records = document["pipeline"]
    _check_stages(artifact, records)
    # Values of a private column are the worse fault, and the input's records have none to keep.
    _check_private(artifact, records)
    for place, (found, expected) in enumerate(zip(records, handed_on, strict=False)):
        if (kept := _same_keys(found, expected)) != expected:
            raise Fault(
                f"run.json: pipeline[{place}] is not the record of the input",
                f"hand the records of the input on, without values of private columns; {_PAGE}",
                expected=expected,
                found=kept,
            )


def _private_columns(artifact: Published) -> set[str]:
    """Return the columns that the documents of an artifact call private."""
    match artifact.kind:
        case "clean-data":
            columns = artifact.document("schema.json")["fields"]
        case "feature-data":
            columns = artifact.document("features.json")["columns"]
        case "model":
            signature = artifact.document("model.json")["signature"]
            ignored = [{"name": name, "private": True} for name in signature.get("private", [])]
            columns = [*signature["fields"], *ignored]
        case _:
            columns = []
    return {column["name"] for column in columns if column.get("private")}


def _check_stages(artifact: Published, records: Sequence[Mapping[str, Any]]) -> None:
    """Check that there is a record for each stage of the lineage, and then for the artifact."""
    manifest = artifact.manifest
    own = {"stage": manifest["stage"]["name"]}
    own |= {key: manifest[key] for key in ("kind", "id", "content", "rows")}
    keys = ("stage", "kind", "content", "rows")
    ancestors = [
        {key: entry[key] for key in keys} for entry in manifest["lineage"] if "stage" in entry
    ]
    expected = [*ancestors, own]
    if len(records) != len(expected):
        raise Fault(
            f"run.json: pipeline has {len(records)} records; expected {len(expected)}, one for"
            " each stage in the lineage and one for the artifact",
            _PAGE,
            expected=[entry["stage"] for entry in expected],
            found=[record["stage"] for record in records],
        )
    for place, (found, known) in enumerate(zip(records, expected, strict=True)):
        if (facts := {key: found.get(key) for key in known}) != known:
            raise Fault(
                f"run.json: pipeline[{place}] does not agree with manifest.json",
                f"take stage, kind, content and rows from manifest and lineage; {_PAGE}",
                expected=known,
                found=facts,
            )


def _check_private(artifact: Published, records: Sequence[Mapping[str, Any]]) -> None:
    private = _private_columns(artifact)
    for place, record in enumerate(records):
        for column in record.get("columns", []):
            if column["name"] in private and any(key in column for key in VALUES):
                raise Fault(
                    f"run.json: pipeline[{place}] has values of '{column['name']}', a private"
                    " column",
                    f"leave out {' and '.join(VALUES)} of private columns in all records,"
                    f" also in those of the input; {_PAGE}",
                    found=column,
                )


def _same_keys(found: Any, expected: Any) -> Any:
    """Return what was found with the keys that are expected; there may be more."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return {key: _same_keys(found.get(key), value) for key, value in expected.items()}
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [_same_keys(*pair) for pair in zip(found, expected, strict=True)]
    return found
