"""The split of the rows: by time, by group, or a hint where it is not certain."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from made_columns import CHANCE, ROWS, choices, days, noise, of_groups

type Init = Any
"""The fixture of conftest.py."""


def test_a_key_that_repeats_suggests_a_split_by_group(init: Init) -> None:
    file, text = init({"customer_id": [f"C{row % 120}" for row in range(ROWS)], "price": noise()})

    assert file["features"]["exclude"] == ["customer_id"]
    assert '# split = "group"\n# group_column = "customer_id"' in text


def test_the_latest_rows_test_where_one_date_says_when_a_row_happened(init: Init) -> None:
    file, text = init({"seen": days(), "size": noise(), "price": noise()})

    assert (file["features"]["split"], file["features"]["time_column"]) == ("time", "seen")
    assert 'split = "hash", without time_column' in text


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"seen": days(), "sent": days()}, "2 columns may hold the time of a row"),
        ({"seen": [*[""] * 5, *days()[5:]]}, '5 rows have no "seen"'),
        ({"seen": choices("2024-01-01", "2024-01-02")}, "its rows are of fewer than 10 days"),
        ({"born": days()}, "its only date is a date of birth"),
    ],
)
def test_a_split_by_time_is_only_proposed_where_it_may_be_wrong(
    init: Init, columns: dict[str, Sequence[object]], reason: str
) -> None:
    file, text = init(columns | {"size": noise(), "price": noise()})

    assert "split" not in file["features"]
    assert f"# Not set, since {reason}." in text


@pytest.mark.parametrize("undated", ["", "?", "unknown"])
def test_a_few_rows_without_a_time_do_not_prevent_a_split_by_time(init: Init, undated: str) -> None:
    seen = [undated, *days()[1:]]

    file, text = init({"seen": seen, "size": noise(), "price": noise()})

    assert file["features"]["split"] == "time"
    assert '# 1 rows have no "seen": in a split by time,\n# they go to rejects/.' in text


def test_a_date_that_is_constant_for_each_person_sets_no_split_by_time(init: Init) -> None:
    hired = [f"{2000 + place // 12}-{place % 12 + 1:02}-15" for place in range(40)]
    file, text = init(
        {
            "person": of_groups(list(range(100, 140))),
            "year": [1980 + row // 40 for row in range(ROWS)],
            "hired": of_groups(hired),
            "price": noise(),
        }
    )

    assert file["features"].get("split") != "time"
    assert '# Not set, since "hired" has one value for each "person".' in text
    assert "on both sides of the split" not in text


def test_a_split_by_time_that_would_hide_a_class_is_only_proposed(init: Init) -> None:
    file, text = init({"seen": days(), "size": noise(), "label": ["a", "b"] * 80 + ["a", "c"] * 20})

    assert "split" not in file["features"]
    assert "a class would be missing in the earlier rows" in text


@pytest.mark.parametrize("key", ["customer_id", "customer", "townid", "household_nr"])
def test_what_a_group_has_one_value_of_is_pointed_out(init: Init, key: str) -> None:
    _, text = init(
        {
            key: of_groups([f"K{group}" for group in range(40)]),
            "size": noise(),
            "plan": of_groups(choices("a", "b", rows=40)),
            "price": noise(),
        }
    )

    assert text.count(f'# "plan" has one value for each "{key}".') == 1
    assert 'split = "group"' in text


def test_a_target_of_which_a_group_has_one_value_sets_a_split_by_group(
    init: Init, caplog: pytest.LogCaptureFixture
) -> None:
    file, text = init(
        {
            "customer_id": of_groups([f"K{group}" for group in range(40)]),
            "size": noise(),
            "churn": of_groups(choices("yes", "no", rows=40)),
        }
    )

    assert (file["features"]["split"], file["features"]["group_column"]) == ("group", "customer_id")
    assert 'The target has one value for each "customer_id"' in text
    assert 'see split = "group"' not in caplog.text


@pytest.mark.parametrize(
    ("key", "first"), [("person", 13), ("kunde", "K-13"), ("subject_id", 13), ("nr_person", 13)]
)
def test_a_key_that_explains_other_columns_sets_a_split_by_group(
    init: Init, key: str, first: object
) -> None:
    names = [f"K-{group * 7}" if isinstance(first, str) else 7 * group for group in range(40)]
    file, text = init(
        {
            key: of_groups(names),
            "educ": of_groups(choices("8", "12", "16", rows=40)),
            "black": of_groups(choices("0", "1", rows=40)),
            "hours": noise(),
            "price": noise(),
        }
    )

    features = file["features"]
    assert (features["split"], features["group_column"]) == ("group", key)
    assert features["exclude"] == [key]
    assert key not in features.get("categories", [])
    assert text.count("one value for each") == 1
    assert f'# "educ" and "black" have one value for each "{key}".' in text
    assert "# If it will be asked about the same ones again, remove both lines." in text


def test_a_split_by_time_has_the_split_by_group_as_a_comment(init: Init) -> None:
    file, text = init(
        {
            "seen": days(),
            "kunde": of_groups([f"K{group}" for group in range(40)]),
            "age": of_groups(choices("20", "30", "40", rows=40)),
            "price": noise(),
        }
    )

    assert file["features"]["split"] == "time"
    assert file["features"]["exclude"] == []
    assert "The same ones are on both sides of the split." in text
    assert '# split = "group"\n# group_column = "kunde"' in text


def test_a_target_that_is_another_name_of_its_group_sets_a_split_by_group(init: Init) -> None:
    file, _ = init(
        {
            "customer_id": of_groups([f"K{group}" for group in range(40)]),
            "size": noise(),
            "price": of_groups(noise(40)),
        }
    )

    assert file["features"]["group_column"] == "customer_id"


def test_a_panel_whose_key_has_another_name_gets_a_hint(init: Init) -> None:
    file, text = init(
        {
            "country_code": of_groups([f"C{group:02}" for group in range(40)]),
            "continent": of_groups(choices("Asia", "Africa", "Europe", rows=40)),
            "year": [1952 + 5 * (row // 40) for row in range(ROWS)],
            "price": noise(),
        }
    )

    assert "split" not in file["features"]
    assert '# split = "group"\n# group_column = "country_code"' in text


@pytest.mark.parametrize(
    "times",
    [
        {"year": lambda year: year},
        {"t": lambda year: year - 1989},
        {"quarter": lambda year: f"{year}-Q{year % 4 + 1}"},
        {"year": lambda year: year // 12, "month": lambda year: year % 12 + 1},
    ],
)
@pytest.mark.parametrize("key", ["ccode", "country"])
def test_a_panel_with_any_form_of_time_gets_a_hint(
    init: Init, key: str, times: dict[str, Callable[[int], Any]]
) -> None:
    rows = [
        (group, year)
        for group in range(40)
        for year in range(1990 + group % 7, 2010)
        if (group + year) % 11
    ]
    texts = key == "country"
    _, text = init(
        {
            key: [f"land {group:02}" if texts else 200 + 5 * group for group, _ in rows],
            "fips": [3 * group + 1 for group, _ in rows],
            **{name: [form(year) for _, year in rows] for name, form in times.items()},
            "price": noise(len(rows)),
        }
    )

    assert f'# split = "group"\n# group_column = "{key}"' in text


def test_a_rank_that_is_unique_in_each_year_is_no_group(init: Init) -> None:
    columns = {
        "year": [1990 + row // 40 for row in range(ROWS)],
        "best": [row % 40 + 1 for row in range(ROWS)],
        "price": noise(),
    }
    _, text = init(columns)

    assert "group_column" not in text


@pytest.mark.parametrize("key", ["kind_id", "customer"])
def test_a_key_with_one_value_for_each_class_is_a_leak_and_no_group(init: Init, key: str) -> None:
    kind = choices(*range(30), rows=900)
    file, text = init(
        {
            "size": noise(900),
            key: [f"k{value}" for value in kind],
            "kind": [f"kind of {value}" for value in kind],
        },
        target="kind",
    )

    assert file["features"]["exclude"] == [key]
    assert "split" not in file["features"]
    assert "The target has one value for each" not in text


def test_a_panel_with_gaps_and_two_names_of_its_key_gets_a_hint(init: Init) -> None:
    rows = [
        (group, year)
        for group in range(40)
        for year in range(1990 + group % 7, 2010)
        if (group + year) % 11
    ]
    columns = {
        "Land": [f"land {group:02}" for group, _ in rows],
        "COW-Code": [200 + 5 * group for group, _ in rows],
        "Jahr": [year for _, year in rows],
        "price": noise(len(rows)),
    }
    _, text = init(columns)
    # With two rows of a year in a group it is no panel, and the two only say the same.
    _, twice = init({name: [*values, values[0]] for name, values in columns.items()})

    assert '# split = "group"\n# group_column = "Land"' in text
    assert "group_column" not in twice


CITIES = choices(*(f"city {city}" for city in range(30)), rows=5000)


@pytest.mark.parametrize(
    ("key", "values", "hints"),
    [
        ("city", CITIES, 0),
        ("kind", choices("a", "b", "c", "d"), 0),
        ("store_id", [city.removeprefix("city ") for city in CITIES], 1),
    ],
)
def test_a_category_within_another_sets_no_split_by_group(
    init: Init, key: str, values: Sequence[str], hints: int
) -> None:
    outer = {value: f"in {place % 3}" for place, value in enumerate(sorted(set(values)))}
    rows = len(values)
    file, text = init(
        {key: values, "outer": [outer[it] for it in values], "a": noise(rows), "price": noise(rows)}
    )

    assert "split" not in file["features"]
    assert text.count("# group_column = ") == hints


@pytest.mark.parametrize(("constants", "hints"), [(3, 1), (2, 0)])
def test_an_integer_of_any_name_that_explains_columns_gets_a_hint(
    init: Init, constants: int, hints: int
) -> None:
    explained = {
        f"c{number}": of_groups([str(CHANCE.randrange(9)) for _ in range(40)])
        for number in range(constants)
    }
    file, text = init(
        {"zper": of_groups([7 * it for it in range(40)]), **explained, "price": noise()}
    )

    assert "split" not in file["features"]
    assert text.count('# group_column = "zper"') == hints
