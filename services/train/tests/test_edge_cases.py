import numpy as np
from made_data import MadeData, houses
from modelling.data.edge_cases import UNSEEN, edge_case_rows
from modelling.data.tensors import pack


def test_each_column_is_missing_once_and_each_text_unseen_once() -> None:
    rules = MadeData().rules
    real = pack(houses(5), rules)

    hard = edge_case_rows(real, rules)

    for index in range(4):
        assert np.count_nonzero(np.isnan(hard["numbers"][:, index])) >= 1
    for index in range(2):
        assert {"", UNSEEN} <= set(hard["strings"][:, index])


def test_numbers_go_far_outside_their_range_and_dates_to_the_ends_of_the_calendar() -> None:
    rules = MadeData().rules
    size, sold = (next(f for f in rules.fields if f.name == name) for name in ("size", "sold"))

    numbers = edge_case_rows(pack(houses(5), rules), rules)["numbers"]

    span = size.observed["maximum"] - size.observed["minimum"]
    assert np.nanmax(numbers[:, size.input.index]) > 999 * span
    assert np.nanmin(numbers[:, size.input.index]) < -999 * span
    assert np.nanmin(numbers[:, sold.input.index]) == -62_135_596_800


def test_the_rows_they_are_made_from_stay_as_they_were() -> None:
    rules = MadeData().rules
    real = pack(houses(5), rules)
    before = {group: values.copy() for group, values in real.items()}

    edge_case_rows(real, rules)

    assert all(np.array_equal(real[g], before[g], equal_nan=g == "numbers") for g in real)
