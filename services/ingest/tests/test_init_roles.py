"""Roles of the other columns: excluded with a reason, private, a category, a split."""

from collections.abc import Sequence
from typing import Any

import pytest
from made_columns import CHANCE, ROWS, choices, days, noise

type Init = Any
"""The fixture of conftest.py."""


def test_columns_of_no_use_are_excluded_with_the_reason(init: Init) -> None:
    file, text = init(
        {
            "row": range(1, ROWS + 1),
            "customer_id": [str(10_000 + 37 * row) for row in range(ROWS)],
            "hash": [f"{row * 2654435761 % 2**32:08x}g" for row in range(ROWS)],
            "version": ["3"] * ROWS,
            "nothing": [""] * ROWS,
            "note": [f"she said that number {row} was fine with her" for row in range(ROWS)],
            "size": noise(),
            "price": noise(),
        }
    )

    assert file["features"]["exclude"] == [
        *("row", "customer_id", "hash", "version", "nothing", "note")
    ]
    for name, reason in {
        "row": "an identifier: it numbers the rows",
        "customer_id": "an identifier: all values are unique",
        "hash": "an identifier: all values are unique",
        "version": "one value in all rows",
        "nothing": "no values",
        "note": "free text",
    }.items():
        assert f'"{name}",  # {reason}' in text


def test_copies_of_a_number_are_leaks_and_what_only_goes_with_it_is_not(init: Init) -> None:
    price = noise()
    file, text = init(
        {
            "in_cents": [round(100 * value) for value in price],
            "squared": [value**2 for value in price],
            "near": [value + CHANCE.gauss(0, 1) for value in price],
            "price": price,
        }
    )

    assert file["features"]["exclude"] == ["in_cents", "squared"]
    assert '"in_cents",  # a leak: correlation 1.0000 with the target' in text
    assert '"squared",  # a leak: ' in text


def test_copies_of_a_class_are_leaks_and_what_settles_it_is_told(init: Init) -> None:
    churn = choices("yes", "no")
    file, text = init(
        {
            "code": [{"yes": 1, "no": 2}[value] for value in churn],
            "ended": [
                seen if value == "yes" else "" for value, seen in zip(churn, days(), strict=True)
            ],
            "reason": [
                CHANCE.choice(["price", "move"]) if value == "yes" else "-" for value in churn
            ],
            "plan": choices("a", "b", "c"),
            "score": [
                CHANCE.uniform(0, 1) if value == "yes" else CHANCE.uniform(2, 3) for value in churn
            ],
            "churn": churn,
        }
    )

    assert file["features"]["exclude"] == ["code", "ended"]
    assert "each of its values maps to one value of the target" in text
    assert "whether it is missing determines the target" in text
    assert "# Look: perhaps a leak: its values determine the target;" in text
    assert "# Look: perhaps a leak: a threshold on it separates the classes;" in text


@pytest.mark.parametrize(("low", "high"), [("no", "yes"), ("yes", "no")])
def test_classes_that_share_a_value_are_separated_by_no_threshold(
    init: Init, low: str, high: str
) -> None:
    # 0 has one class, and 1 has both.
    _, text = init(
        {
            "cured": [0] * (ROWS // 2) + [1] * (ROWS // 2),
            "plan": choices("a", "b", "c"),
            "died": [low] * (3 * ROWS // 4) + [high] * (ROWS // 4),
        },
        target="died",
    )

    assert "a threshold on it" not in text


def test_in_a_rare_class_agreement_on_the_frequent_one_is_no_leak(init: Init) -> None:
    file, text = init(
        {
            "flag": ["a"] * 990 + ["b"] * 10,
            "size": noise(1000),
            "fraud": ["no"] * 980 + ["yes"] * 20,
        }
    )

    assert file["target"] == "fraud"
    assert file["features"]["exclude"] == []
    assert "The rarest class has 2 % of the rows" in text
    assert '# metric = "roc_auc"' in text


def test_numbers_of_any_size_are_compared_without_a_failure(init: Init) -> None:
    file, _ = init(
        {
            "huge": [f"{value}e305" for value in noise()],
            "tiny": [f"{value}e-300" for value in noise()],
            "price": noise(),
        }
    )

    assert file["features"]["exclude"] == []


def test_what_is_private_is_marked_and_never_shown(init: Init) -> None:
    file, text = init(
        {
            "contact": [f"person{row}@example.org" for row in range(ROWS)],
            "Last Name": [f"Family{row % 60}" for row in range(ROWS)],
            "telephone": [f"+49 30 {row:06}" for row in range(ROWS)],
            "birth_date": [f"{1950 + row % 50}-03-04" for row in range(ROWS)],
            "product_name": choices("apple", "pear"),
            "price": noise(),
        }
    )

    columns = file["clean"]["columns"]
    private = [name for name, column in columns.items() if column.get("private")]
    assert private == ["contact", "Last Name", "telephone", "birth_date"]
    assert file["features"]["exclude"] == ["contact", "Last Name", "telephone"]
    for value in ("person", "Family1", "+49", "1950"):
        assert value not in text
    assert "apple" in text


def test_private_values_are_not_shown_however_few_they_are(init: Init) -> None:
    file, text = init(
        {
            "customer_name": choices("Ada Lovelace", "Alan Turing"),
            "phone": choices("+49 170 1234567", "+49 170 7654321"),
            "fax": choices("4917012345", "4917054321"),
            "name": choices("apple", "pear"),
            "mobile": choices("0", "1", "2"),
            "email": choices("yes", "no"),
            "price": noise(),
        }
    )

    columns = file["clean"]["columns"]
    private = [name for name, column in columns.items() if column.get("private")]
    assert private == ["customer_name", "phone", "fax"]
    for value in ("Ada", "Turing", "170"):
        assert value not in text
    assert "apple" in text


def test_a_few_people_called_name_are_private(init: Init) -> None:
    file, text = init({"name": ["Ada", "Alan", "Grace"], "a": [1, 2, 3], "price": [1.5, 2.5, 3.5]})

    assert file["clean"]["columns"]["name"]["private"]
    assert "Alan" not in text


def test_integers_called_code_are_categories(init: Init) -> None:
    file, _ = init(
        {"store_id": choices("1", "2", "3"), "code": choices("0", "1"), "price": noise()}
    )

    assert file["features"]["categories"] == ["store_id"]


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
        ({"seen": ["", *days()[1:]]}, '1 rows have no "seen"'),
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


def test_a_split_by_time_that_would_hide_a_class_is_only_proposed(init: Init) -> None:
    file, text = init({"seen": days(), "size": noise(), "label": ["a", "b"] * 80 + ["a", "c"] * 20})

    assert "split" not in file["features"]
    assert "a class would be missing in the earlier rows" in text


def test_copies_of_another_column_are_pointed_out(init: Init) -> None:
    size, kind = noise(), choices("a", "b", "c")
    _, text = init(
        {
            "size": size,
            "size_cm": [round(2.54 * value + 1, 5) for value in size],
            "kind": kind,
            "kind_code": [{"a": 7, "b": 3, "c": 5}[value] for value in kind],
            "near": [value + CHANCE.gauss(0, 1) for value in size],
            "price": noise(),
        }
    )

    assert '# Look: says the same as "size" in another form' in text
    assert '# Look: says the same as "kind" in another form' in text
    assert text.count("says the same as") == 2


def test_columns_of_different_values_are_no_copies(init: Init) -> None:
    names = [f"column_{place}" for place in range(12)]
    _, text = init(
        {name: choices("a", "b", "c") for name in names}
        | {f"x{name}": noise() for name in names}
        | {"seen": days(), "price": noise()}
    )

    assert "says the same as" not in text


def of_groups(values: Sequence[object]) -> list[object]:
    """Return a value for each of 40 groups, five rows a group."""
    return [values[row % 40] for row in range(ROWS)]


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


@pytest.mark.parametrize("form", ["EUR {:.2f} only", "{:,.0f} kr.", "7/{:.1f}"])
def test_a_text_that_holds_the_target_is_a_leak(init: Init, form: str) -> None:
    price = [float(round(30 * value)) + 1000 for value in noise()]
    file, text = init(
        {"told": [form.format(value) for value in price], "size": noise(), "price": price}
    )

    assert file["features"]["exclude"] == ["told"]
    assert '"told",  # a leak: its texts hold the number of the target' in text


def test_a_text_that_holds_the_target_by_chance_is_no_leak(init: Init) -> None:
    rating = choices(1, 2)
    file, _ = init(
        {
            "told": [f"room {row % 30} of 1, 2" for row in range(ROWS)],
            "size": noise(),
            "rating": rating,
        },
        target="rating",
    )

    assert file["features"]["exclude"] == []


def test_a_text_form_of_the_target_is_a_leak_and_no_group(init: Init) -> None:
    grade = choices(*range(30), rows=900)
    file, text = init(
        {
            "grade_text": [f"grade {value}/30" for value in grade],
            "points": [3 * value % 97 for value in grade],
            "size": noise(900),
            "grade": grade,
        },
        target="grade",
    )

    assert "grade_text" in file["features"]["exclude"]
    assert "group_column" not in text


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


def test_rare_values_that_no_group_repeats_are_no_constants(init: Init) -> None:
    _, text = init(
        {
            "customer_id": of_groups([f"K{group}" for group in range(40)]),
            "flag": ["yes", *["no"] * (ROWS - 1)],
            "price": noise(),
        }
    )

    assert "one value for each" not in text


@pytest.mark.parametrize("name", ["perwt", "sample_weight", "Survey.Weight", "fnlwgt"])
def test_a_weight_is_excluded_and_proposed_as_one(init: Init, name: str) -> None:
    file, text = init({name: noise(), "size": noise(), "price": noise()})

    assert file["features"]["exclude"] == [name]
    assert f'# weight_column = "{name}"' in text


def test_a_weight_that_may_be_that_of_a_thing_stays_an_input_with_both_readings(
    init: Init,
) -> None:
    file, text = init({"weight": noise(), "size": noise(), "price": noise()})

    assert file["features"]["exclude"] == []
    assert '# weight_column = "weight"' in text
    assert "# Look: the weight of a thing, or how much a row counts?" in text


def test_numbers_that_rise_from_row_to_row_are_row_numbers_or_a_time(init: Init) -> None:
    file, text = init(
        {
            "row": range(5000, 5000 + ROWS),
            "line": [f"{row}.0" for row in range(3, ROWS + 3)],
            "gapped": range(0, 3 * ROWS, 3),
            "year": range(1800, 1800 + ROWS),
            "price": noise(),
        }
    )

    assert file["features"]["exclude"] == ["row", "line"]
    assert text.count("# Look: it increases from row to row: a row number, or a time?") == 2


def test_shares_that_sum_to_the_same_are_pointed_out(init: Init) -> None:
    first, second = (choices("10.0", "20.0", "30.5") for _ in range(2))
    third = [100 - float(one) - float(two) for one, two in zip(first, second, strict=True)]
    _, text = init({"a": first, "b": second, "c": third, "size": noise(), "price": noise()})

    assert text.count("# Look: one of 3 columns that sum to 100 in every row") == 3


def test_a_text_that_differs_in_nearly_every_row_is_no_identifier_by_its_name(init: Init) -> None:
    cells = [f"{row * 2654435761 % 2**32:08x}g" for row in range(ROWS)]

    _, text = init({"remark": ["same", "same", *cells[2:]], "size": noise(), "price": noise()})

    assert '"remark",  # an identifier: nearly every value is different' in text


def test_a_copy_of_a_private_column_shows_no_value_either(init: Init) -> None:
    births = [f"{1950 + row * 7 % 20}-03-{row * 7 % 20 + 1:02}" for row in range(ROWS)]
    since = [f"19{birth[2:]}".replace("-03-", "-07-") for birth in births]

    file, text = init(
        {"birth date": births, "member since": since, "size": noise(), "price": noise()}
    )

    assert file["clean"]["columns"]["member since"]["private"] is True
    assert 'private (a copy of "birth date"), so no value is shown' in text
    assert "-07-" not in text
    assert "-03-" not in text


def test_a_number_that_follows_from_a_private_one_stays_an_input(init: Init) -> None:
    ages = [20 + row * 7 % 61 for row in range(ROWS)]

    file, text = init({"birth_year": [2024 - age for age in ages], "age": ages, "price": noise()})

    assert "age" not in file["features"]["exclude"]
    assert "20 to 80" not in text


@pytest.mark.parametrize(("sign", "mark"), [(1, "+"), (-1, "-")])
def test_two_numbers_that_make_up_the_target_are_leaks(init: Init, sign: int, mark: str) -> None:
    casual, registered = ([CHANCE.randrange(500) for _ in range(ROWS)] for _ in range(2))
    total = [one + sign * other for one, other in zip(casual, registered, strict=True)]
    file, text = init({"casual": casual, "registered": registered, "size": noise(), "price": total})

    assert file["features"]["exclude"] == ["casual", "registered"]
    assert f'"casual",  # a leak: "casual" {mark} "registered" is the target' in text


def test_a_copy_of_the_target_and_a_tiny_number_are_no_sum(init: Init) -> None:
    price = [1e9 + 1e6 * CHANCE.random() for _ in range(ROWS)]
    tiny = [CHANCE.random() for _ in range(ROWS)]
    file, _ = init({"copy": price, "tiny": tiny, "size": noise(), "price": price})

    assert file["features"]["exclude"] == ["copy"]


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


def test_unique_amounts_beside_many_zeros_are_no_copies(
    init: Init, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = ([*[0] * 180, *(CHANCE.random() for _ in range(20))] for _ in range(2))
    init({"1962": first, "1963": second, "size": noise(), "price": noise()})

    assert "says the same" not in caplog.text


def test_a_last_row_without_most_values_is_told_with_the_setting_that_rejects_it(
    init: Init, caplog: pytest.LogCaptureFixture
) -> None:
    table = {"id": noise(), "a": noise(), "b": noise(), "c": noise(), "price": noise()}
    _, text = init(
        {name: [*cells, ""] for name, cells in table.items() if name != "price"}
        | {"price": [*table["price"], 2000.5]}
    )

    told = "the last row has no value in 4 columns in which all others have one"
    assert told in caplog.text
    assert f"# Look: {told}" in text
    assert "required = true in [clean.columns.id]" in text


def test_rows_that_mostly_repeat_are_kept(init: Init) -> None:
    repeated, _ = init({"sex": choices("m", "f"), "survived": choices("yes", "no")})
    different, _ = init({"size": noise(), "survived": choices("yes", "no")})

    assert repeated["clean"]["duplicates"] == "keep"
    assert "duplicates" not in different["clean"]
