"""The memory estimate of features: its error message, and its growth with the plan."""

from collections.abc import Callable
from typing import Any

import pytest
from clean_tables import Cells
from features.preprocessing.encoders import Plan
from features.preprocessing.memory_estimate import check_fit, count_features
from features.preprocessing.roles import Role
from stage_contract import SettingsError

ROWS = 60
CELLS: Cells = {
    "price": ("number", [float(row) for row in range(ROWS)]),
    "carat": ("number", [row / 10 for row in range(ROWS)]),
}


def plan_of(*categories: Role, numbers: int = 0) -> Plan:
    names = tuple(f"n{number}" for number in range(numbers))
    return Plan(names, (), (), (), names[:1], categories)


def test_a_split_that_does_not_fit_is_refused(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stage_contract.memory.memory_limit", lambda _root: 64e6)

    with pytest.raises(SettingsError, match=r"dividing 60 rows needs .* or lower fit_rows"):
        make(CELLS, target="price")


def test_what_fitting_needs_grows_with_rows_and_features(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(
        "features.preprocessing.memory_estimate.require_memory",
        lambda need, **_facts: asked.append(need),
    )
    for numbers, rows in ((10, 1_000_000), (10, 2_000_000), (30, 2_000_000)):
        check_fit(plan_of(numbers=numbers), rows=rows, rare_below=5)

    assert asked[1] == 2 * asked[0]
    assert asked[2] > 2.5 * asked[1]


def test_features_are_counted_before_they_are_made(make: Callable[..., Any]) -> None:
    frequent = {f"{number}": 9 for number in range(20)}
    column: Any = None
    one_hot = Role(column, "input", "one-hot", frequent | {"rare": 1})
    ordinal = Role(column, "input", "frequency-and-ordinal", frequent)

    assert count_features(plan_of(one_hot, numbers=3), rare_below=5) == 3 + 1 + 20 + 2
    assert count_features(plan_of(ordinal), rare_below=5) == 2
    assert len(make(CELLS, target="price").names) == count_features(
        Plan(("carat",), (), (), (), (), ()), rare_below=5
    )
