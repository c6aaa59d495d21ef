"""The kit's own cleaning of a cell agrees with the vectors of the contract and of the kit."""

import json
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from conformance.checks.serve.vectors import LENGTHS
from conformance.harness.faults import Fault
from conformance.rules.cells import CellError, clean_text
from conformance.rules.fields import check_field
from conformance.rules.typed import clean_value
from conformance.rules.values import Value
from conformance.validity.manifests import check_schema
from support.running import ROOT

VECTORS = [
    vector
    for name in ("cleaning.json", "cleaning-1.1.json", "cleaning-1.2.json")
    for vector in json.loads((ROOT / "contract/examples/vectors" / name).read_bytes())
]
TEXTS = [vector for vector in (*VECTORS, *LENGTHS) if "text" in vector]


def as_json(value: Value) -> object:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return value


@pytest.mark.parametrize("vector", TEXTS, ids=lambda vector: vector["about"])
def test_a_text_becomes_what_the_vector_says(vector: dict[str, Any]) -> None:
    schema = {
        "missingValues": vector.get("missingValues", []),
        "timezone": vector.get("timezone", "UTC"),
    }

    if "error" in vector:
        with pytest.raises(CellError) as error:
            clean_text(vector["text"], vector["field"], schema)
        assert error.value.reason.split()[0] == vector["error"]
    else:
        value = as_json(clean_text(vector["text"], vector["field"], schema))
        assert value == vector["value"]
        assert isinstance(value, bool) == isinstance(vector["value"], bool)


@pytest.mark.parametrize(
    ("values", "field_type", "expected"),
    [
        (pa.array([2**53]), "integer", 2**53),
        (pa.array([5.0]), "integer", 5),
        (pa.array([2**53]), "number", float(2**53)),
        (pa.array([float("nan")]), "number", None),
        (pa.array([2**53 + 1]), "string", "9007199254740993"),
        (pa.array([" NA "]), "number", None),
    ],
)
def test_a_typed_value_is_kept(values: pa.Array, field_type: str, expected: Value) -> None:
    field = {"name": "x", "type": field_type}
    schema = {"missingValues": ["NA"], "timezone": "UTC"}

    assert clean_value(values[0].as_py(), field, schema) == expected


@pytest.mark.parametrize(
    ("value", "field_type"),
    [(2**53 + 1, "integer"), (2**53 + 1, "number"), (5.5, "integer"), (float("inf"), "number")],
)
def test_a_typed_value_is_never_rounded(value: float, field_type: str) -> None:
    field = {"name": "x", "type": field_type}

    with pytest.raises(CellError, match="type"):
        clean_value(value, field, {"missingValues": [], "timezone": "UTC"})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["about"])
def test_a_field_of_the_vectors_makes_sense(vector: dict[str, Any]) -> None:
    check_field(vector["field"])


REFUSED = json.loads((ROOT / "contract/examples/vectors/fields-refused-1.1.json").read_bytes())


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["about"])
def test_a_field_that_makes_no_sense_is_found(case: dict[str, Any]) -> None:
    with pytest.raises((ValueError, Fault)):
        check_all(case["field"])


def check_all(field: dict[str, Any]) -> None:
    document = {"fields": [field], "missingValues": [], "timezone": "UTC"}
    check_schema(document, "schema", "here")
    check_field(field)


def test_every_module_with_checks_is_loaded() -> None:
    folder = ROOT / "contract/conformance/checks"
    loaded = (folder / "__init__.py").read_text(encoding="utf-8")

    for path in folder.rglob("*.py"):
        if "\n@check(" in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(folder).with_suffix("").parts)
            assert f"import conformance.checks.{name}\n" in loaded
