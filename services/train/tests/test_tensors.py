from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from modelling.data.problem import Schema
from modelling.data.tensors import pack, show_row
from stage_contract import ContractError


def schema(*columns: tuple[str, str, str, int]) -> Schema:
    fields: list[dict[str, Any]] = [
        {"name": name, "type": kind, "input": {"group": group, "index": index}, "observed": {}}
        for name, kind, group, index in columns
    ]
    return Schema.model_validate({"fields": fields})


def test_every_type_is_packed_as_the_contract_says() -> None:
    moment = datetime(2024, 3, 31, 1, 2, 3, 500_000, tzinfo=UTC)
    rows = pa.table(
        {
            "number": pa.array([1.5, None]),
            "integer": pa.array([2**53, None], pa.int64()),
            "boolean": pa.array([True, None]),
            "datetime": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "date": pa.array([date(1969, 12, 31), None]),
            "string": pa.array(["grün", None]),
            "code": pa.array([7, None], pa.int64()),
        }
    )
    rules = schema(
        ("number", "number", "numbers", 4),
        ("integer", "integer", "numbers", 3),
        ("boolean", "boolean", "numbers", 2),
        ("datetime", "datetime", "numbers", 1),
        ("date", "date", "numbers", 0),
        ("string", "string", "strings", 1),
        ("code", "integer", "strings", 0),
    )

    tensors = pack(rows, rules)

    assert tensors["numbers"][0].tolist() == [-86_400, moment.timestamp(), 1, 2**53, 1.5]
    assert np.isnan(tensors["numbers"][1]).all()
    assert tensors["strings"].tolist() == [["7", "grün"], ["", ""]]
    assert tensors["numbers"].dtype == np.float64


def test_a_group_without_columns_is_left_out() -> None:
    tensors = pack(pa.table({"a": ["x"]}), schema(("a", "string", "strings", 0)))

    assert list(tensors) == ["strings"]


def test_another_type_than_declared_is_an_error() -> None:
    with pytest.raises(ContractError, match=r"column 'a' is double in Parquet, but schema\.json"):
        pack(pa.table({"a": [1.5]}), schema(("a", "string", "strings", 0)))


def test_a_message_shows_no_private_value() -> None:
    rules = Schema.model_validate(
        {
            "fields": [
                {
                    "name": name,
                    "type": "string",
                    "private": name == "owner",
                    "input": {"group": "strings", "index": index},
                    "observed": {},
                }
                for index, name in enumerate(("colour", "owner"))
            ]
        }
    )
    tensors = pack(pa.table({"colour": ["red"], "owner": ["Ada"]}), rules)

    assert show_row(tensors, 0, schema=rules) == {"colour": "red"}
