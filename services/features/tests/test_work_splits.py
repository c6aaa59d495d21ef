"""The stage as a whole: on which side of the split each row is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from clean_tables import Cells
from diamonds import CUTS, DIAMONDS, ON_TABLES, ROWS, START, Make, with_cells
from features.data.columns import ColumnType
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from stage_contract import ContractError


def test_a_row_stays_on_its_side_when_others_come_and_go(make: Make) -> None:
    more: Cells = {
        name: (kind, [*values, *reversed(values)]) for name, (kind, values) in DIAMONDS.items()
    }
    before = make(DIAMONDS, target="price").table("test-rows")["id"].to_pylist()
    after = make(more, target="price").table("test-rows")["id"].to_pylist()

    assert set(before) == set(after)


def twins(pairs: int, **ids: tuple[ColumnType, Sequence[object]]) -> Cells:
    """Return pairs of rows that are equal except for their ids."""
    both = [pair for pair in range(pairs) for _ in range(2)]
    return {
        "price": ("number", [float(100 + pair % 17) for pair in both]),
        "carat": ("number", [pair / 10 for pair in both]),
        "cut": ("string", [CUTS[pair % 3] for pair in both]),
        **ids,
    }


def sides_of(made: Any) -> tuple[list[float], list[float]]:
    """Return the carats on each side of the split; both rows of a pair have the same."""
    train = made.table("train")["carat"].to_pylist()
    return train, made.table("test")["carat"].to_pylist()


NUMBERS = [*range(1, 401)]
TEXTS = [f"stone {number}" for number in NUMBERS]


@pytest.mark.parametrize(
    ("ids", "settings"),
    [
        ({"id": ("string", TEXTS)}, {}),
        ({"id": ("integer", NUMBERS)}, {}),
        ({"id": ("integer", [number * 1000 for number in NUMBERS])}, {"exclude": ["id"]}),
        ({"loss": ("number", [number**0.5 for number in NUMBERS])}, {"weight_column": "loss"}),
    ],
)
def test_rows_that_are_equal_in_what_is_learned_are_on_one_side(
    make: Make, ids: dict[str, tuple[ColumnType, Sequence[object]]], settings: dict[str, Any]
) -> None:
    made = make(twins(200, **ids), target="price", **settings)

    train, test = sides_of(made)
    assert not set(train) & set(test)
    assert 0.1 < len(test) / 400 < 0.3
    assert made.features["split"]["columns"] == ["carat", "cut"]
    assert made.features["split"]["equal_rows"] == 400


def test_equal_rows_are_told_in_the_log(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        make(twins(200, id=("string", TEXTS)), target="price")

    assert "400 of 400 rows equal another one in carat, cut: they are on one side" in caplog.text


def claims(pairs: int) -> list[int]:
    """Return different integers with wide gaps, two for each pair."""
    drawn = np.random.default_rng(0).choice(10**9, 2 * pairs, replace=False)
    return [int(number) for number in drawn]


@pytest.mark.parametrize("repeated", [0, 8])
def test_an_integer_that_differs_in_nearly_every_row_keeps_no_twins_apart(
    make: Make, caplog: pytest.LogCaptureFixture, repeated: int
) -> None:
    ids = claims(200)
    ids[:repeated] = ids[-repeated or 400 :]
    made = make(twins(200, claim_id=("integer", ids)), target="price")

    train, test = sides_of(made)
    assert not set(train) & set(test)
    assert made.features["split"]["columns"] == ["carat", "cut"]
    assert made.features["split"]["equal_rows"] == 400
    assert made.roles["claim_id"] == "input"
    (warning,) = (r.message for r in caplog.records if r.levelname == "WARNING")
    assert warning == (
        f"column 'claim_id' has {400 - repeated} different values in 400 rows: if it is an"
        ' identifier, add "claim_id" to exclude in [features]'
    )


@given(
    st.integers(1, 10**9),
    st.integers(0, 200),
    st.integers(0, 15),
    st.randoms(use_true_random=False),
)
@ON_TABLES
def test_no_identifier_of_integers_keeps_twins_apart(
    make: Make, gap: int, missing: int, repeated: int, chance: Random
) -> None:
    ids: list[int | None] = [gap * (number - 200) for number in NUMBERS]
    ids[missing : missing + repeated // 2] = ids[: repeated // 2]
    chance.shuffle(ids)
    for row in chance.sample(range(400), missing):
        ids[row] = None
    made = make(twins(200, claim_id=("integer", ids)), target="price")

    train, test = sides_of(made)
    assert not set(train) & set(test)


def test_an_integer_that_tells_rows_of_few_kinds_apart_stays_in_the_split(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    kinds = [f"region {row % 60}" for row in range(1200)]
    people = np.random.default_rng(0).choice(10**7, 1200, replace=False)
    cells: Cells = {
        "price": ("number", [float(row % 17) for row in range(1200)]),
        "region": ("string", kinds),
        "people": ("integer", [int(count) for count in people]),
    }
    made = make(cells, target="price")

    assert made.features["split"]["columns"] == ["region", "people"]
    assert 200 < made.features["split"]["test_rows"] < 280
    assert "the split goes by it, since few other values differ" in caplog.text


def test_an_identifier_is_left_out_of_the_split_beside_a_measure_that_stays(make: Make) -> None:
    people = [int(count) for count in np.random.default_rng(1).choice(10**7, 600, replace=False)]
    people[-6:] = people[:6]
    cells: Cells = {
        "price": ("number", [float(row % 17) for row in range(600)]),
        "cut": (
            "string",
            [CUTS[row % 3] for row in range(594)] + [CUTS[row % 3] for row in range(6)],
        ),
        "people": ("integer", people),
        "claim_id": ("integer", claims(300)),
    }
    made = make(cells, target="price")

    assert made.features["split"]["columns"] == ["cut", "people"]
    assert made.features["split"]["equal_rows"] == 12


@pytest.mark.parametrize(
    "settings", [{"exclude": ["claim_id"]}, {"categories": ["claim_id"]}, {"target": "claim_id"}]
)
def test_an_integer_whose_part_is_set_gets_no_warning(
    make: Make, caplog: pytest.LogCaptureFixture, settings: dict[str, Any]
) -> None:
    make(twins(200, claim_id=("integer", claims(200))), **{"target": "price"} | settings)

    assert "identifier" not in caplog.text


def test_a_target_that_is_corrected_leaves_its_row_where_it_is(make: Make) -> None:
    before = make(DIAMONDS, target="price").table("test-rows")["id"].to_pylist()
    prices = [float(1000 - row) for row in range(ROWS)]
    after = make(with_cells(price=("number", prices)), target="price")

    assert after.table("test-rows")["id"].to_pylist() == before


def test_few_different_rows_are_divided_by_all_columns(make: Make) -> None:
    cells = twins(200, id=("string", TEXTS))
    alike = {name: cell for name, cell in cells.items() if name != "carat"}
    made = make(alike, target="price")

    assert made.features["split"]["columns"] == ["price", "cut", "id"]
    assert 50 < made.features["split"]["test_rows"] < 110


@pytest.mark.parametrize("is_numbered", [False, True])
def test_few_different_rows_without_a_number_are_warned_of(
    make: Make, caplog: pytest.LogCaptureFixture, *, is_numbered: bool
) -> None:
    row_numbers: list[Any] = [*range(200)]
    cells = {
        "sex": ("string", ["m", "f"] * 100),
        "old": ("boolean", [True, True, False, False] * 50),
        "price": ("number", [1.0, 2.0, 3.0, 4.0, 5.0] * 40),
    } | ({"row": ("integer", row_numbers)} if is_numbered else {})
    made = make(cells, target="price", exclude=("row",) if is_numbered else ())

    assert ("number the rows in a column" in caplog.text) == (not is_numbered)
    if is_numbered:
        assert 20 < made.features["split"]["test_rows"] < 60


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=ROWS, max_size=ROWS),
    st.lists(st.integers(0, 30), min_size=ROWS, max_size=ROWS),
    st.sampled_from([(), ("id",), ("cut",)]),
)
@ON_TABLES
def test_no_equal_row_trains_and_tests(
    make: Make, cuts: list[str], carats: list[int], exclude: tuple[str, ...]
) -> None:
    cells = with_cells(
        cut=("string", cuts),
        carat=("number", [*map(float, carats)]),
        sold=("datetime", [START] * ROWS),
    )
    try:
        made = make(cells, target="price", exclude=exclude)
    except ContractError as error:
        assume("no column is left" not in str(error))
        raise
    assume("id" not in made.features["split"]["columns"])

    columns = [f"{name}" for name in made.names]
    train, test = (
        {tuple(row[name] for name in columns) for row in made.table(assigned).to_pylist()}
        for assigned in ("train", "test")
    )
    assert not train & test


def test_the_past_trains_and_the_future_tests(make: Make) -> None:
    made = make(DIAMONDS, target="price", split="time", test_share=0.25)

    split = made.features["split"]
    assert (split["column"], split["boundary"]) == ("sold", "2024-01-02T21:00:00Z")
    assert (split["train_rows"], split["test_rows"]) == (45, 15)
    assert max(made.table("train")["@time"].to_pylist()) < min(
        made.table("test")["@time"].to_pylist()
    )


def test_a_private_boundary_is_in_no_document(make: Make) -> None:
    made = make(DIAMONDS, {"sold": {"private": True}}, target="price", split="time")

    split = made.features["split"]
    assert "boundary" not in split
    assert split["column"] == "sold"


def days_of(rows_of_a_day: Sequence[int]) -> list[datetime]:
    days = [[START + timedelta(days=day)] * rows for day, rows in enumerate(rows_of_a_day)]
    return [when for day in days for when in day]


@given(
    st.permutations([25, 15, 8, 7, 5])
    | st.permutations([44, 10, 6])
    | st.permutations([9, 8, 7, 6, 5, 25])
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_time_trains_and_tests(make: Make, rows_of_a_day: Sequence[int]) -> None:
    times = days_of(rows_of_a_day)
    cells = with_cells(sold=("datetime", times), carat=("number", [*map(float, range(ROWS))]))
    made = make(cells, target="price", split="time")

    train, test = (made.table(assigned)["@time"].to_pylist() for assigned in ("train", "test"))
    assert len(train) + len(test) == ROWS
    assert max(train) < min(test)


def test_a_time_of_most_rows_changes_the_share_and_the_log_says_so(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    cells = with_cells(sold=("datetime", days_of([50, 4, 6])))
    with caplog.at_level("WARNING"):
        made = make(cells, target="price", split="time", test_share=0.5)

    assert made.features["split"]["test_rows"] == 10
    assert "17 % of the rows test, test_share = 0.5 asks for 50 %" in caplog.text


def test_a_row_without_time_is_set_aside_in_a_split_by_time(make: Make) -> None:
    cells = with_cells(sold=("datetime", [*DIAMONDS["sold"][1][:-1], None]))
    made = make(cells, target="price", split="time", exclude=["sold"])

    assert [(line["row"], line["reason"]) for line in made.rejects] == [(ROWS, "time missing")]
    assert made.table("test").column_names[-1] == "@time"


def test_a_test_row_that_the_api_would_refuse_is_in_no_score(make: Make) -> None:
    carats = [row / 10 for row in range(ROWS)]
    cells = with_cells(carat=("number", [*carats[:-3], None, None, carats[-1]]))
    made = make(cells, target="price", split="time", exclude=["sold"])

    found = [(line["row"], line["reason"], line["column"]) for line in made.rejects]
    assert found == [(row, "input missing", "carat") for row in (ROWS - 2, ROWS - 1)]
    assert made.features["split"]["test_rows"] == made.table("test-rows").num_rows == 10
    assert made.fields["carat"]["constraints"] == {"required": True}


def test_a_column_that_every_test_row_lacks_is_an_error_with_the_remedy(make: Make) -> None:
    cells = with_cells(carat=("number", [row / 10 if row < 48 else None for row in range(ROWS)]))
    with pytest.raises(
        ContractError, match=r"no test row is left.*add \"carat\" to exclude in \[features\]"
    ):
        make(cells, target="price", split="time", exclude=["sold"])


@given(
    st.lists(st.sampled_from([None, 1.0, 2.0]), min_size=ROWS, max_size=ROWS),
    st.integers(0, ROWS),
    st.sampled_from(["hash", "time"]),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_scored_row_has_what_a_request_must_have(
    make: Make, carats: list[float | None], filled: int, split: str
) -> None:
    cells = with_cells(carat=("number", [0.5] * filled + carats[filled:]))
    try:
        made = make(cells, target="price", split=split, exclude=["sold"])
    except ContractError as error:
        assert "no test row is left" in str(error)
        return

    required = [n for n, f in made.fields.items() if f.get("constraints", {}).get("required")]
    rows = made.table("test-rows")
    assert all(rows[name].null_count == 0 for name in required)
    assignment = [made.table("train").num_rows, rows.num_rows, len(made.rejects)]
    assert sum(assignment) == ROWS
    assert made.features["split"]["test_rows"] == rows.num_rows
