from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from clean_tables import Cells, columns_of, table_of
from features.data.columns import ColumnType
from features.preprocessing.date_differences import choose_differences
from features.preprocessing.encoders import MAX_SCALED
from features.preprocessing.feature_names import Feature
from features.preprocessing.fitting import Fitted, fit
from features.preprocessing.parity import ParityError, _compare
from features.preprocessing.roles import Role, RoleRules
from features.settings import Settings
from hypothesis import given, settings
from hypothesis import strategies as st

CELLS: Mapping[ColumnType, st.SearchStrategy[Any]] = {
    "number": st.floats(-1e100, 1e100),
    "integer": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "string": st.sampled_from(["", "a", "b", "ä", "a\0", "😀", "None", "nan", "A"]),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
}


@st.composite
def tables(draw: st.DrawFn) -> Cells:
    kinds = draw(st.lists(st.sampled_from([*CELLS]), min_size=1, max_size=5))
    rows = draw(st.integers(2, 12))
    return {
        f"{kind} {place}": (
            kind,
            draw(st.lists(st.none() | CELLS[kind], min_size=rows, max_size=rows)),
        )
        for place, kind in enumerate(kinds)
    }


def fitted(cells: Cells, **changes: object) -> Fitted:
    """Fit on all rows, every column an input; the parity check runs inside."""
    table = table_of(cells)
    columns = columns_of(**{name: kind for name, (kind, _) in cells.items()})
    texts = [column.name for column in columns if column.type == "string"]
    values = {"target": "none", "categories": texts} | changes
    rules = RoleRules.from_settings(Settings.model_validate(values), fit_rows=len(table))
    roles = [
        rules.choose_role(column, is_constant=False, values=table[column.name])
        for column in columns
    ]
    differences = choose_differences(roles, table, given=None)
    return fit(table, roles, rare_below=rules.rare_below, differences=differences)


def run(made: Fitted, cells: Cells) -> dict[str, list[float]]:
    matrix = made.graph.run(made.plan.inputs.pack(table_of(cells)))
    names = [feature.name for feature in made.features]
    return dict(zip(names, matrix.T.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 4))
def test_any_table_gives_a_graph_that_equals_scikit_learn(cells: Cells, one_hot_up_to: int) -> None:
    made = fitted(cells, one_hot_up_to=one_hot_up_to)
    matrix = made.graph.run(made.plan.inputs.pack(table_of(cells)))

    assert matrix.dtype == np.float32
    assert np.isfinite(matrix).all()


def test_numbers_are_imputed_with_the_median_and_scaled() -> None:
    made = fitted({"x": ("number", [1.0, 3.0, 2.0])})

    assert run(made, {"x": ("number", [2.0, None])}) == {"x": [0.0, 0.0]}


def test_a_missing_value_is_marked_where_training_had_one() -> None:
    made = fitted({"x": ("number", [1.0, None]), "y": ("number", [1.0, 2.0])})

    assert [feature.name for feature in made.features] == ["x", "y", "x missing"]


def test_numbers_beyond_all_measure_end_at_the_limit() -> None:
    made = fitted({"x": ("number", [0.0, 1e-3])})

    assert run(made, {"x": ("number", [1e300])})["x"] == [np.float32(MAX_SCALED)]


def test_a_lone_number_whose_deviation_is_nearly_one_is_still_divided_by_it() -> None:
    made = fitted({"x": ("number", [0.0, 2.0 + 1e-9])})

    expected = np.float32((1e7 - (1 + 5e-10)) / (1 + 5e-10))
    assert run(made, {"x": ("number", [1e7])})["x"] == [expected]


def test_booleans_stay_zero_and_one_and_missing_is_the_most_frequent() -> None:
    made = fitted({"b": ("boolean", [True, True, False, None])})

    assert run(made, {"b": ("boolean", [False, True, None])}) == {
        "b": [0.0, 1.0, 1.0],
        "b missing": [0.0, 0.0, 1.0],
    }


def test_rare_and_unseen_categories_share_a_feature() -> None:
    made = fitted({"cut": ("string", ["a", "a", "b", "b", "c"])})

    assert run(made, {"cut": ("string", ["a", "b", "c", "never"])}) == {
        "cut=a": [1.0, 0.0, 0.0, 0.0],
        "cut=b": [0.0, 1.0, 0.0, 0.0],
        "cut=(rare)": [0.0, 0.0, 1.0, 1.0],
    }


def test_an_unseen_category_is_none_of_the_known_where_none_is_rare() -> None:
    made = fitted({"cut": ("string", ["a", "a", None, None])})

    assert run(made, {"cut": ("string", ["a", None, "never"])}) == {
        "cut=(missing)": [0.0, 1.0, 0.0],
        "cut=a": [1.0, 0.0, 0.0],
    }


def test_many_categories_become_share_and_code_by_frequency() -> None:
    made = fitted({"tail": ("string", ["b", "b", "a", "a", "c", "c", "c", "d"])}, one_hot_up_to=2)

    assert run(made, {"tail": ("string", ["c", "a", "b", "d", "never"])}) == {
        "tail frequency": [0.375, 0.25, 0.25, 0.0, 0.0],
        "tail code": [0.0, 1.0, 2.0, -1.0, -1.0],
    }


def test_dates_have_no_hour_and_datetimes_have_one() -> None:
    made = fitted(
        {
            "day": ("date", [date(2024, 2, 29), date(2025, 1, 1)]),
            "at": ("datetime", [datetime(2024, 2, 29, 23, tzinfo=UTC), None]),
        }
    )

    names = [feature.name for feature in made.features]
    assert [name for name in names if "hour" in name] == ["at hour"]
    assert names[:4] == ["day year", "at year", "day month", "at month"]
    assert "at missing" in names


def test_a_graph_of_texts_only_has_one_input() -> None:
    model = onnx.load_from_string(fitted({"s": ("string", ["a", "a", "b", "b"])}).model)

    assert [value.name for value in model.graph.input] == ["strings"]


def test_the_graph_keeps_to_the_operators_of_the_contract() -> None:
    model = onnx.load_from_string(
        fitted({"s": ("string", ["a", "a"]), "day": ("date", [date(1970, 1, 1)] * 2)}).model
    )

    assert {(opset.domain, opset.version) for opset in model.opset_import} == {
        ("", 21),
        ("ai.onnx.ml", 3),
    }
    assert model.ir_version <= 10
    assert model.producer_version == ""


def test_equal_samples_give_equal_bytes() -> None:
    cells: Cells = {"s": ("string", ["a", "a", "b"]), "x": ("number", [1.0, None, 3.0])}

    assert fitted(cells).model == fitted(cells).model


def test_a_difference_of_one_bit_is_a_bug_that_names_the_feature() -> None:
    found = np.array([[1.0, 2.0]], np.float32)
    other = np.nextafter(found, np.float32(9), dtype=np.float32)
    other[0, 0] = found[0, 0]
    features = [Feature(name, name, "number") for name in ("fine", "off")]
    with pytest.raises(ParityError, match=r"differs from scikit-learn in off.*1 of 2 values"):
        _compare(found, other, features=features)


def test_columns_that_are_empty_in_the_sample_keep_their_place() -> None:
    made = fitted(
        {
            "x": ("number", [None, None]),
            "b": ("boolean", [None, None]),
            "at": ("datetime", [None, None]),
        }
    )

    assert [feature.name for feature in made.features][:2] == ["x", "b"]


def test_a_sample_may_come_in_chunks() -> None:
    table = table_of({"x": ("number", [1.0, 2.0])})
    both = pa.concat_tables([table, table])
    role = Role(columns_of(x="number")[0], "input", "number")

    assert both["x"].num_chunks == 2
    assert fit(both, [role], rare_below=2).features[0].name == "x"
