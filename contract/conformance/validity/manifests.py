"""The manifest: it follows its schema and this contract, and its folder has its id."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from conformance.harness.faults import Fault
from conformance.rules.fields import check_field
from conformance.validity.published import Published

SCHEMAS = Path(__file__).parents[2] / "schemas"
DOCUMENTS = {
    "clean-data": {"schema.json": "schema"},
    "feature-data": {"schema.json": "schema", "features.json": "features"},
    "model": {"model.json": "model"},
}
ALSO = {"raw-data": ("source.json",), "clean-data": ("profile.json",), "model": ("reference.json",)}
"""Documents that have no schema."""


def check_manifest(artifact: Published, kind: str) -> None:
    """Check the manifest against its schema, its kind, its id and its settings."""
    check_schema(artifact.manifest, "manifest", f"{artifact.path.name}/manifest.json")
    if artifact.kind != kind:
        raise Fault(f"manifest.json: kind = {artifact.kind!r}", f"this stage writes {kind}")
    if artifact.manifest["id"] != artifact.path.name:
        raise Fault(
            f"manifest.json: id = {artifact.manifest['id']!r} in the folder {artifact.path.name}",
            "name the folder after the id",
        )
    try:
        settings = json.loads(artifact.manifest["settings"])
    except ValueError as error:
        raise Fault(
            f"manifest.json: settings is not JSON: {error}",
            "write the resolved settings as one JSON text, {} if there are none",
        ) from None
    if not isinstance(settings, dict):
        raise Fault("manifest.json: settings is no object", "an object with a value for each key")


def check_documents(artifact: Published) -> None:
    """Check that the JSON documents of its kind are there and as their schemas say."""
    for name, schema in DOCUMENTS.get(artifact.kind, {}).items():
        check_schema(artifact.document(name), schema, f"{artifact.path.name}/{name}")
        if schema == "schema":
            _check_fields(artifact.document(name)["fields"], f"{artifact.path.name}/{name}")
    for name in ALSO.get(artifact.kind, ()):
        artifact.document(name)


def _check_fields(fields: list[dict[str, Any]], place: str) -> None:
    for field in fields:
        try:
            check_field(field)
        except ValueError as error:
            raise Fault(
                f"{place}: field {field['name']!r}: {error}",
                "see contract/reference/cleaning-one-row.md",
            ) from None


def check_schema(document: Any, schema: str, place: str) -> None:
    """Check a document against one of contract/schemas; the first error counts."""
    errors = sorted(_validator(schema).iter_errors(document), key=lambda error: len(error.path))
    if not errors:
        return
    where = ".".join(str(part) for part in errors[0].absolute_path)
    raise Fault(
        f"{place}: {where + ': ' if where else ''}{errors[0].message[:200]}",
        f"see contract/schemas/{schema}.schema.json",
    )


@cache
def _validator(schema: str) -> Draft202012Validator:
    path = SCHEMAS / f"{schema}.schema.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
