from datetime import UTC, date, datetime

import numpy as np
from clean_tables import table_of
from features.data.tensors import Inputs, select_rows


def test_missing_is_nan_among_numbers_and_empty_among_texts() -> None:
    table = table_of({"x": ("number", [1.5, None]), "s": ("string", ["a", None])})
    packed = Inputs(("x",), ("s",)).pack(table)

    assert np.isnan(packed["numbers"][1, 0])
    assert packed["strings"].tolist() == [["a"], [""]]


def test_every_type_has_its_place_in_the_order_of_the_inputs() -> None:
    table = table_of(
        {
            "day": ("date", [date(1970, 1, 2)]),
            "at": ("datetime", [datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)]),
            "flag": ("boolean", [True]),
            "count": ("integer", [2**53]),
            "code": ("integer", [-7]),
        }
    )
    packed = Inputs(("count", "flag", "at", "day"), ("code",)).pack(table)

    assert packed["numbers"].tolist() == [[2.0**53, 1.0, -0.5, 86_400.0]]
    assert packed["strings"].tolist() == [["-7"]]


def test_an_empty_group_is_left_out() -> None:
    table = table_of({"x": ("number", [1.0])})

    assert list(Inputs(("x",), ()).pack(table)) == ["numbers"]


def test_rows_are_taken_from_both_groups() -> None:
    table = table_of({"x": ("number", [1.0, 2.0]), "s": ("string", ["a", "b"])})
    taken = select_rows(Inputs(("x",), ("s",)).pack(table), slice(1, 2))

    assert {group: values.tolist() for group, values in taken.items()} == {
        "numbers": [[2.0]],
        "strings": [["b"]],
    }
