"""What an image says of itself, before it runs: its labels, and the schema of its settings."""

import io
import json
import tarfile
import tomllib
from pathlib import PurePosixPath
from typing import Any

from docker.errors import NotFound
from jsonschema import Draft202012Validator, SchemaError
from stage_contract.stages.pipelines import SHORTHANDS

from conformance.harness.faults import Fault
from conformance.harness.removing import remove_container
from conformance.harness.subject import Subject

PREFIX = "stagecoach."
SETTINGS_SCHEMA = PurePosixPath("/settings.schema.json")


def declared_labels(subject: Subject) -> dict[str, str]:
    """Return the labels stagecoach.* of an image, by their last part."""
    labels = subject.engine.images.get(subject.image).attrs["Config"].get("Labels") or {}
    return {
        name.removeprefix(PREFIX): value
        for name, value in labels.items()
        if name.startswith(PREFIX)
    }


def declared_settings(subject: Subject) -> dict[str, Any]:
    """Return /settings.schema.json of an image, which is not started for that."""
    container = subject.engine.containers.create(subject.image, ["-"], labels=subject.labels)
    try:
        chunks, _ = container.get_archive(str(SETTINGS_SCHEMA))
        content = b"".join(chunks)
    except NotFound:
        raise Fault(
            f"it has a label stagecoach.stage, but no {SETTINGS_SCHEMA}",
            f"COPY settings.schema.json / in the Dockerfile: a JSON Schema of [{subject.stage}]",
        ) from None
    finally:
        remove_container(container)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        file = archive.extractfile(SETTINGS_SCHEMA.name)
        text = file.read() if file else b""
    try:
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
    except (ValueError, SchemaError) as error:
        raise Fault(
            f"{SETTINGS_SCHEMA} is no JSON Schema: {str(error).splitlines()[0]}",
            "write a JSON Schema of draft 2020-12",
        ) from None
    return dict(schema) if isinstance(schema, dict) else {}


def check_table(subject: Subject, schema: dict[str, Any]) -> dict[str, Any]:
    """Check the table that the image accepts against its schema; return the table."""
    table = own_table(subject)
    _check(schema, table, "the pipeline file has")
    return table


def own_table(subject: Subject) -> dict[str, Any]:
    """Return what the pipeline file sets for the stage, without `keep`."""
    pipeline = tomllib.loads(subject.settings)
    short = {key: pipeline[key] for key, stage in SHORTHANDS.items() if stage == subject.stage}
    table: dict[str, Any] = short | pipeline.get(subject.stage, {})
    table.pop("keep", None)
    return table


def check_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """Check each default against its own schema; return the defaults by key."""
    defaults = {
        name: field["default"] for name, field in schema["properties"].items() if "default" in field
    }
    _check({**schema, "required": []}, defaults, "the default is")
    return defaults


def other_values(schema: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return another valid value of each setting whose type allows to make one up."""
    validator = Draft202012Validator({**schema, "required": []})
    others: dict[str, Any] = {}
    for name, field in sorted(schema["properties"].items()):
        used = table.get(name, field.get("default"))
        candidates = [value for value in field.get("enum", []) if value not in (used, None)]
        if isinstance(used, bool):
            candidates = [not used]
        elif isinstance(used, int):
            candidates = [used + 1]
        valid = [value for value in candidates if validator.is_valid({name: value})]
        if valid:
            others[name] = valid[0]
    return others


def _check(schema: dict[str, Any], values: dict[str, Any], whose: str) -> None:
    plain = json.loads(json.dumps(values, default=str))
    for error in Draft202012Validator(schema).iter_errors(plain):
        where = ".".join(str(part) for part in error.absolute_path)
        raise Fault(
            f"{SETTINGS_SCHEMA}: {where + ': ' if where else ''}{whose} what it excludes:"
            f" {error.message[:200]}",
            "make the schema as the program reads its table",
        )
