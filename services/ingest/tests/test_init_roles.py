"""Roles of the other columns: excluded with a reason, private, a category, a split."""

from typing import Any

import pytest
from ingest.profiling.name_hints import private_information
from made_columns import CHANCE, ROWS, choices, days, noise, of_groups

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
            "note": [f"{row}th {row}a {row}b {row}c {row}d {row}e {row}f" for row in range(ROWS)],
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


def test_sentences_become_features_of_words_and_are_private(init: Init) -> None:
    file, text = init(
        {
            "note": [f"she said that number {row} was fine with her" for row in range(ROWS)],
            "size": noise(),
            "price": noise(),
        }
    )

    assert "note" not in file["features"]["exclude"]
    assert file["features"]["columns"] == {"note": {"encoding": "text"}}
    assert file["clean"]["columns"]["note"]["private"] is True
    assert "# ngram_range = [1, 2]" in text
    assert "she said" not in text
    assert "too many for a model" not in text


def test_sentences_that_hold_the_target_are_a_leak(init: Init) -> None:
    prices = noise()
    notes = [f"it was sold to a friend for {price} last week" for price in prices]
    file, text = init({"note": notes, "size": noise()[::-1], "price": prices})

    assert "note" in file["features"]["exclude"]
    assert "a leak" in text


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


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("address.city", None),
        ("customer.address.Country", None),
        ("address.street", "addresses"),
        ("address.postcode", "addresses"),
        ("address.", "addresses"),
        ("customer.email", "e-mail addresses"),
        ("customer.name", "names"),
        ("email.address", "e-mail addresses"),
        ("city", None),
    ],
)
def test_the_name_of_a_struct_does_not_make_an_area_private(name: str, kind: str | None) -> None:
    assert private_information(name) == kind


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


def amounts_and_codes(rows: int, *, count: int, is_code: bool) -> tuple[list[int], list[float]]:
    """Return integers, and a target that rises with them, or differs between them without order."""
    # A factor near count / 2 sends neighbours far apart.
    factor = (count - 1) // 2 if is_code else 1
    effects = [factor * n % count for n in range(count)]
    numbers = [CHANCE.randrange(count) for _ in range(rows)]
    return numbers, [10 * effects[n] / count + CHANCE.gauss(0, 2) for n in numbers]


@pytest.mark.parametrize("count", [15, 60, 300])
@pytest.mark.parametrize("is_code", [True, False])
@pytest.mark.parametrize("is_class", [True, False])
def test_integers_with_unrelated_means_of_the_target_may_be_codes(
    init: Init, count: int, *, is_code: bool, is_class: bool
) -> None:
    numbers, target = amounts_and_codes(5000, count=count, is_code=is_code)
    label = ["high" if value > 5 else "low" for value in target] if is_class else target
    _, text = init({"size": noise(5000), "store": [100 + n for n in numbers], "label": label})

    assert ("codes rather than amounts? Then add it to categories" in text) is is_code


def test_integers_without_an_effect_on_the_target_are_not_said_to_be_codes(init: Init) -> None:
    for _ in range(20):
        _, text = init(
            {
                "store": [CHANCE.randrange(40) for _ in range(1000)],
                "price": [round(value) for value in noise(1000)],
            }
        )

        assert "codes rather than amounts" not in text
