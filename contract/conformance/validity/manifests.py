"""The manifest: it follows its schema and this contract, and its folder has its id."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from conformance.harness.faults import Fault
from conformance.rules.fields import check_field
from conformance.validity.published import Published

SCHEMAS = Path(__file__).parents[2] / "schemas"
DOCUMENTS = {
    "raw-data": {"source.json": "source"},
    "clean-data": {"schema.json": "schema"},
    "feature-data": {"schema.json": "schema", "features.json": "features"},
    "model": {"model.json": "model", "reference.json": "reference"},
}
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPED_LETTER = re.compile(r"(?<!\\)(?:\\\\)*\\u(?!00[0-7])")
ALSO = {"clean-data": ("profile.json",)}
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
        raise Fault(
            "manifest.json: settings is not an object", "an object with a value for each key"
        )
    # Only an id that is computed depends on the form of the text.
    if "build" in artifact.manifest["stage"]:
        _check_settings_text(artifact.manifest["settings"])


def _check_settings_text(text: str) -> None:
    """Check that equal settings give equal texts, since an id is made from them."""
    keys: list[list[str]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys.append([key for key, _ in pairs])
        return dict(pairs)

    json.loads(text, object_pairs_hook=note)
    between = _JSON_STRING.sub("", text)
    is_plain = not re.search(r"\s", between) and not _ESCAPED_LETTER.search(text)
    if not is_plain or any(names != sorted(names) for names in keys):
        raise Fault(
            "manifest.json: settings is not in its one form",
            "sort the keys, and write no white space between tokens and no escapes for non-ASCII",
            found=text,
        )


def check_documents(artifact: Published) -> None:
    """Check that the JSON documents of its kind are there and as their schemas say.

    run.json is optional.
    """
    for name, schema in DOCUMENTS.get(artifact.kind, {}).items():
        check_schema(artifact.document(name), schema, f"{artifact.path.name}/{name}")
        if schema == "schema":
            _check_fields(artifact.document(name)["fields"], f"{artifact.path.name}/{name}")
    for name in ALSO.get(artifact.kind, ()):
        artifact.document(name)
    if (artifact.path / "run.json").exists():
        check_schema(artifact.document("run.json"), "run", f"{artifact.path.name}/run.json")


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
        f"{place}: {where + ': ' if where else ''}{errors[0].message}",
        f"see contract/schemas/{schema}.schema.json",
    )


@cache
def _validator(schema: str) -> Draft202012Validator:
    path = SCHEMAS / f"{schema}.schema.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
