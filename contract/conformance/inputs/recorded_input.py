"""The example with a private column, and with records of the stages before in its run.json."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from conformance.harness.subject import Subject
from conformance.inputs.republishing import republish
from conformance.validity.lineage import latest_artifact
from conformance.validity.records import VALUES

PRIVATE = "size"
_RANGE = dict(zip(VALUES, (7310.0625, 7399.5), strict=True))

type Records = list[dict[str, Any]]


def recorded_input(subject: Subject) -> tuple[Path, Records]:
    """Return a folder that stands for the input volume, and the records to be handed on.

    features also gets values of the private column, as from a clean stage that knows no privacy.
    """
    volume = subject.scratch()
    republish(
        latest_artifact(subject.example).path, volume, lambda path: mark_private(path, {PRIVATE})
    )
    artifact = latest_artifact(volume)
    manifest = artifact.manifest
    stage, metrics = manifest["stage"], manifest["metrics"]
    own = {key: manifest[key] for key in ("kind", "content", "rows", "id")}
    own |= {"stage": stage["name"], "version": stage["version"], "rejected": metrics["rejected"]}
    ancestors = [entry for entry in manifest["lineage"] if "stage" in entry]
    records = [_record(entry) for entry in [*ancestors, own]]
    without_values = [_without_values(record) for record in records]
    written = records if artifact.kind == "clean-data" else without_values
    text = json.dumps({"pipeline": written}, ensure_ascii=False)
    (artifact.path / "run.json").write_text(text, encoding="utf-8")
    return volume, without_values


def mark_private(artifact: Path, names: Collection[str]) -> None:
    """Mark columns as private in the documents, which then hold no values of them."""
    for name, key in (("schema.json", "fields"), ("features.json", "columns")):
        path = artifact / name
        if not path.exists():
            continue
        document = json.loads(path.read_bytes())
        for entry in document[key]:
            if entry["name"] in names:
                entry["private"] = True
                if observed := entry.get("observed"):
                    entry["observed"] = {"rows": observed["rows"], "missing": 0}
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _record(facts: dict[str, Any]) -> dict[str, Any]:
    return facts | {
        "finished": "2026-01-31T12:00:00+00:00",
        "seconds": 1.5,
        "cause": "changed: input houses.csv",
        "columns": [
            {"name": PRIVATE, "type": "number", "missing": 1, "distinct": 9, **_RANGE},
            {"name": "rooms", "type": "integer", "missing": 2, "distinct": 5, **_RANGE},
            {"name": "garden", "type": "boolean", "became": "1 boolean"},
        ],
    }


def _without_values(record: dict[str, Any]) -> dict[str, Any]:
    columns = [
        {key: value for key, value in column.items() if key not in VALUES}
        if column["name"] == PRIVATE
        else column
        for column in record["columns"]
    ]
    return record | {"columns": columns}
