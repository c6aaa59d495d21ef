"""Another signature: what of it is announced, and what `compatible` refuses."""

import logging
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from offering import bound, changes, offer
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, field, publish_model

NEXT = DIAMONDS.but(id="d" * 16)
ROW = {"carat": 1, "cut": "Good"}
CARAT, DEPTH, CUT, COLOR = DIAMONDS.fields
WEIGHT = field("weight", "number", "numbers 2")
AMOUNT = field("amount", "number", "numbers 0")
DAY = field("day", "date", "numbers 0")
CLASSES = [*(PENGUINS.classes or ())]
FLAG = field("flag", "boolean", "numbers 0")


def test_the_first_model_and_one_with_the_same_signature_have_no_changes(
    diamonds: Worker, tmp_path: Path
) -> None:
    first = changes(diamonds)
    offer(diamonds, tmp_path, NEXT)

    assert (first, changes(diamonds)) == (None, None)


def test_a_changed_signature_goes_live_and_is_announced(
    diamonds: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    carat = CARAT | {"type": "integer", "constraints": {}}
    color = COLOR | {"observed": {"rows": 9, "missing": 0}}
    moved = CUT | {"name": "grade"}
    rows = [{"carat": 1, "weight": 2.0, "grade": "Ideal", "color": "E"}]
    other = NEXT.but(
        fields=[carat, WEIGHT | {"input": DEPTH["input"]}, moved, color],
        rows=rows,
        ignored=["price", "cut"],
    )
    with caplog.at_level(logging.WARNING):
        refused = offer(diamonds, tmp_path, other)

    assert refused is None
    assert changes(diamonds) == {
        "since": DIAMONDS.id,
        "added": ["weight", "grade"],
        "used": [],
        "removed": ["depth", "id"],
        "unused": ["cut"],
        "retyped": [{"column": "carat", "before": "number", "after": "integer"}],
        "reread": [],
        "required": ["grade", "color"],
        "tightened": [],
        "timezone": None,
        "target": None,
        "classes": None,
        "lost": [],
    }
    assert caplog.text.count("\n") == 1
    assert (
        f"the signature of model {NEXT.id} has changed: removed depth, removed id,"
        " carat is integer, was number, grade must have a value now, color must have a value now,"
        " added weight, added grade, cut is ignored now"
    ) in caplog.text


def test_another_target_is_a_change(diamonds: Worker, tmp_path: Path) -> None:
    offer(diamonds, tmp_path, NEXT.but(target="value", ignored=["price", "id"]))

    assert changes(diamonds)["target"] == "value (number)"


WIDER = NEXT.but(fields=[*DIAMONDS.fields, WEIGHT], numbers=[[1000.0], [1.0], [0.0]])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (NEXT.but(ignored=["price"]), f"not compatible with {DIAMONDS.id}: removed id; with"),
        (
            NEXT.but(fields=[CARAT, DEPTH | {"type": "integer"}, CUT, COLOR], expected=[0, 0]),
            "depth is integer, was number",
        ),
        (
            WIDER.but(
                fields=[*DIAMONDS.fields, WEIGHT | {"observed": {"rows": 1, "missing": 0}}],
                rows=[row | {"weight": 1} for row in DIAMONDS.rows],
            ),
            "weight must have a value now",
        ),
        (NEXT.but(target="value"), "predicts value (number)"),
        (
            WIDER.but(fields=[*DIAMONDS.fields, WEIGHT | {"name": "id"}], ignored=["price"]),
            "id is read now, was ignored; with",
        ),
    ],
)
def test_compatible_refuses_what_todays_clients_may_fail_on(
    diamonds: Worker, tmp_path: Path, model: MadeModel, reason: str
) -> None:
    bound(diamonds, signature="compatible")

    refused = offer(diamonds, tmp_path, model)

    assert refused["cause"] == "signature"
    assert reason in refused["reason"]
    assert diamonds.predict(ROW).json()["model"] == DIAMONDS.id


MARKED = AMOUNT | {"affixes": ["ct"], "groupChar": "'"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MARKED, MARKED | {"affixes": ["carat"]}),
        (MARKED, MARKED | {"groupChar": "_"}),
        (MARKED, MARKED | {"percent": True}),
        (AMOUNT, AMOUNT | {"decimalChar": ","}),
        (DAY | {"format": "%d/%m/%Y"}, DAY | {"format": "%m/%d/%Y"}),
        (FLAG | {"trueValues": ["yes", "1"]}, FLAG | {"trueValues": ["yes"]}),
        (FLAG, FLAG | {"falseValues": ["no"]}),
    ],
)
def test_compatible_refuses_what_reads_todays_texts_otherwise(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    first, then = (NEXT.but(fields=[each, DEPTH, CUT, COLOR]) for each in (before, after))
    rows = [{"cut": "Good"}]
    publish_model(tmp_path, first.but(rows=rows, expected=None, id="e" * 16))
    worker = Worker(tmp_path, signature="compatible")

    refused = offer(worker, tmp_path, then.but(rows=rows, expected=None))

    assert refused["cause"] == "signature"
    assert f"{before['name']} takes other texts now" in refused["reason"]


MINUS = {"missingValues": ["-"]}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (DIAMONDS, NEXT.but(missing_values=()), "depth takes other texts now"),
        (
            DIAMONDS,
            NEXT.but(fields=[CARAT, DEPTH | MINUS, CUT, COLOR]),
            "depth takes other texts now",
        ),
        (
            DIAMONDS,
            NEXT.but(fields=[CARAT, DEPTH, CUT | {"missingValues": ["NA", "Fair"]}, COLOR]),
            "cut takes other texts now",
        ),
        (
            FLIGHTS,
            FLIGHTS.but(id="d" * 16, timezone="Asia/Tokyo"),
            "times without a zone are in Asia/Tokyo now",
        ),
        (
            PENGUINS,
            PENGUINS.but(id="d" * 16, classes=["Other", *CLASSES[1:]]),
            f"class {CLASSES[0]} is gone, class Other is new",
        ),
        (
            PENGUINS,
            PENGUINS.but(id="d" * 16, classes=CLASSES[:2], expected=[[0.5, 0.5]]),
            f"class {CLASSES[2]} is gone;",
        ),
        (
            PENGUINS,
            PENGUINS.but(id="d" * 16, classes=[*CLASSES, "Other"], expected=[[0.25] * 4]),
            "class Other is new;",
        ),
        (
            PENGUINS,
            PENGUINS.but(id="d" * 16, classes=CLASSES[::-1]),
            "the classes are in another order",
        ),
    ],
)
def test_compatible_refuses_other_missing_values_time_zones_and_classes(
    tmp_path: Path, before: MadeModel, after: MadeModel, reason: str
) -> None:
    publish_model(tmp_path, before)
    worker = Worker(tmp_path, signature="compatible")

    refused = offer(worker, tmp_path, after)

    assert refused["cause"] == "signature"
    assert reason in refused["reason"]


def test_compatible_takes_a_further_text_for_missing_that_was_none_of_the_column_before(
    diamonds: Worker, tmp_path: Path
) -> None:
    bound(diamonds, signature="compatible")
    more = DEPTH | {"missingValues": ["NA", "n/a"]}

    assert offer(diamonds, tmp_path, NEXT.but(fields=[CARAT, more, CUT, COLOR])) is None
    assert changes(diamonds) is None


def test_time_zones_do_not_matter_without_times(diamonds: Worker, tmp_path: Path) -> None:
    bound(diamonds, signature="compatible")

    assert offer(diamonds, tmp_path, NEXT.but(timezone="Asia/Tokyo")) is None
    assert changes(diamonds) is None


TIGHTER: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (AMOUNT, {}, {"minimum": 0}),
    (AMOUNT, {"minimum": 0}, {"minimum": 1}),
    (AMOUNT, {"minimum": 0}, {"exclusiveMinimum": 0}),
    (AMOUNT, {"exclusiveMinimum": 0}, {"minimum": 1}),
    (AMOUNT, {"maximum": 9}, {"maximum": 8}),
    (AMOUNT, {"maximum": 9}, {"exclusiveMaximum": 9}),
    (AMOUNT, {}, {"exclusiveMaximum": 9}),
    (AMOUNT, {}, {"enum": [1, 2]}),
    (AMOUNT, {"enum": [1, 2]}, {"enum": [1]}),
    (AMOUNT, {"enum": [1, 2]}, {"enum": [1, 2], "minimum": 2}),
    (COLOR, {}, {"enum": ["E"]}),
    (COLOR, {"maxLength": 5}, {"maxLength": 4}),
    (COLOR, {}, {"minLength": 2}),
    (COLOR, {}, {"pattern": "[A-Z]"}),
    (DAY, {"minimum": "2020-01-01"}, {"minimum": "2020-02-01"}),
    (DAY | {"format": "%d/%m/%Y"}, {"maximum": "31/12/2020"}, {"maximum": "01/12/2020"}),
]


def constrained(column: dict[str, Any], *constraints: dict[str, Any]) -> list[MadeModel]:
    """Return models in which a column has one after the other of these constraints."""
    others = [AMOUNT, DEPTH, CUT, COLOR]
    return [
        NEXT.but(
            id=f"{number:016}",
            fields=[
                column | {"constraints": each} if other["input"] == column["input"] else other
                for other in others
            ],
            rows=[{"cut": "Good"}],
        )
        for number, each in enumerate(constraints)
    ]


@pytest.mark.parametrize(("column", "wide", "tight"), TIGHTER)
def test_compatible_refuses_a_tighter_constraint(
    tmp_path: Path, column: dict[str, Any], wide: dict[str, Any], tight: dict[str, Any]
) -> None:
    before, after = constrained(column, wide, tight)
    publish_model(tmp_path, before)
    worker = Worker(tmp_path, signature="compatible")

    refused = offer(worker, tmp_path, after)

    assert refused["cause"] == "signature"
    assert f"{column['name']} takes fewer values now" in refused["reason"]


@pytest.mark.parametrize(("column", "wide", "tight"), TIGHTER)
def test_compatible_takes_a_wider_constraint(
    tmp_path: Path, column: dict[str, Any], wide: dict[str, Any], tight: dict[str, Any]
) -> None:
    before, after = constrained(column, tight, wide)
    publish_model(tmp_path, before)
    worker = Worker(tmp_path, signature="compatible")

    assert offer(worker, tmp_path, after) is None
    assert changes(worker) is None


def test_a_tighter_constraint_is_announced_where_it_goes_live(
    diamonds: Worker, tmp_path: Path
) -> None:
    tight = CARAT | {"constraints": {"exclusiveMinimum": 0, "maximum": 9}}

    assert offer(diamonds, tmp_path, NEXT.but(fields=[tight, DEPTH, CUT, COLOR])) is None
    assert changes(diamonds)["tightened"] == ["carat"]


def test_other_classes_are_announced_where_they_go_live(penguins: Worker, tmp_path: Path) -> None:
    renamed = PENGUINS.but(id="d" * 16, classes=["Other", *CLASSES[1:]])

    assert offer(penguins, tmp_path, renamed) is None
    assert changes(penguins)["classes"] == {"added": ["Other"], "removed": [CLASSES[0]]}


def test_compatible_takes_what_reads_more_texts(tmp_path: Path) -> None:
    first, then = (
        NEXT.but(fields=[each, DEPTH, CUT, COLOR], rows=[{"cut": "Good"}], expected=None)
        for each in (AMOUNT, MARKED)
    )
    publish_model(tmp_path, first.but(id="e" * 16))
    worker = Worker(tmp_path, signature="compatible")

    assert offer(worker, tmp_path, then) is None
    assert changes(worker) is None


def test_compatible_takes_a_further_column_that_may_be_missing(
    diamonds: Worker, tmp_path: Path
) -> None:
    bound(diamonds, signature="compatible")

    assert offer(diamonds, tmp_path, WIDER) is None
    assert changes(diamonds)["added"] == ["weight"]
    assert diamonds.predict(ROW).json()["model"] == NEXT.id


def test_compatible_is_a_setting(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, signature="compatible")

    assert offer(worker, tmp_path, NEXT.but(ignored=["price"]))["cause"] == "signature"
