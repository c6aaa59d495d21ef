"""Leaks: columns that hold the target are excluded, and columns that only go with it are not."""

from typing import Any

import pytest
from made_columns import CHANCE, ROWS, choices, days, noise

type Init = Any
"""The fixture of conftest.py."""


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
    assert "its values and those of the target correspond one to one" in text
    assert "whether it is missing determines the target" in text
    assert "# Look: perhaps a leak: its values nearly always determine the target;" in text
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


def test_numbers_of_any_size_are_compared_without_a_failure(init: Init) -> None:
    file, _ = init(
        {
            "huge": [f"{value}e305" for value in noise()],
            "tiny": [f"{value}e-300" for value in noise()],
            "price": noise(),
        }
    )

    assert file["features"]["exclude"] == []


@pytest.mark.parametrize("form", ["EUR {:.2f} only", "{:,.0f} kr.", "7/{:.1f}"])
def test_a_text_that_holds_the_target_is_a_leak(init: Init, form: str) -> None:
    price = [float(round(30 * value)) + 1000 for value in noise()]
    file, text = init(
        {"told": [form.format(value) for value in price], "size": noise(), "price": price}
    )

    assert file["features"]["exclude"] == ["told"]
    assert '"told",  # a leak: its texts hold the number of the target' in text


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("{:.2f}", "({:.2f})"),
        ("{:.2f}", "{:.2f}-"),
        ("about {:.0f} EUR", "about -{:.0f} EUR"),
    ],
)
def test_a_text_that_holds_a_negative_or_a_rounded_target_is_a_leak(
    init: Init, positive: str, negative: str
) -> None:
    price = [round(30 * (value - 10), 2) for value in noise()]
    told = [(positive if value > 0 else negative).format(abs(value)) for value in price]
    file, text = init({"told": told, "size": noise(), "price": price}, target="price")

    assert file["features"]["exclude"] == ["told"]
    assert '"told",  # a leak: its texts hold the number of the target' in text


@pytest.mark.parametrize(
    ("form", "factor"), [("{:.1f}k EUR", 1000), ("{:.2f} Mio.", 1_000_000), ("{:.1f} TSD", 1000)]
)
def test_a_text_that_holds_the_target_in_thousands_or_millions_is_a_leak(
    init: Init, form: str, factor: int
) -> None:
    price = [round(30 * value + 200, 3) for value in noise()]
    told = [form.format(value) for value in price]
    file, _ = init({"told": told, "size": noise(), "price": [factor * each for each in price]})

    assert file["features"]["exclude"] == ["told"]


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
