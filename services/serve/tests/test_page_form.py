"""GET /page/form: what the page's form is made from."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from offering import offer
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, field, publish_model

KEY = "0123456789abcdef0123"


def form_of(volume: Path, model: MadeModel, **settings: Any) -> Any:
    """Return the form of a model."""
    publish_model(volume, model)
    answer = Worker(volume, **settings).ask("GET", "/page/form")
    assert answer.status_code == 200
    return answer.json()


def names(form: Any) -> list[str]:
    return [each["name"] for each in form["fields"]]


def named(form: Any, name: str) -> Any:
    [found] = [each for each in form["fields"] if each["name"] == name]
    return found


def with_importance(model: MadeModel, **losses: float) -> MadeModel:
    columns = [{"name": name, "loss": loss, "deviation": 0.0} for name, loss in losses.items()]
    document = {"metric": "r2", "rows": 100, "repeats": 5, "columns": columns}
    return model.but(changes=(("importance", document),))


def with_reference(model: MadeModel, document: object) -> MadeModel:
    return model.but(reference=json.dumps(document))


def test_a_column_has_its_rules_and_what_training_saw(tmp_path: Path) -> None:
    form = form_of(tmp_path, DIAMONDS)

    assert (form["model"], form["task"], form["classes"]) == (DIAMONDS.id, "regression", None)
    assert (form["interval"], form["decision"], form["timezone"]) == (None, None, "UTC")
    assert form["target"]["name"] == "price"
    assert form["missingValues"] == ["NA"]
    assert named(form, "carat") == {
        "name": "carat",
        "type": "number",
        "unit": "carat",
        "description": "Weight of the stone",
        "constraints": {"exclusiveMinimum": 0},
        "observed": {
            "rows": 100,
            "missing": 0,
            "example": 0.23,
            "minimum": 0.2,
            "maximum": 5.01,
            "quantiles": [0.2, 0.3, 0.4, 0.7, 1.0, 1.7, 5.01],
        },
        "private": False,
        "required": True,
        "expected": "a number",
        "accepts": None,
        "importance": None,
    }
    assert named(form, "cut")["observed"]["categories"] == [
        {"value": "Ideal", "rows": 60},
        {"value": "Good", "rows": 30},
    ]
    assert (named(form, "depth")["required"], named(form, "depth")["constraints"]) == (False, {})


def test_the_most_important_column_comes_first(tmp_path: Path) -> None:
    form = form_of(tmp_path, with_importance(DIAMONDS, cut=0.5, carat=0.25, color=0.0, depth=-0.01))

    assert names(form) == ["cut", "carat", "color", "depth"]
    assert [each["importance"] for each in form["fields"]] == [0.5, 0.25, 0.0, -0.01]


def test_a_column_without_importance_comes_last(tmp_path: Path) -> None:
    form = form_of(tmp_path, with_importance(DIAMONDS, cut=0.5))

    assert names(form) == ["cut", "carat", "depth", "color"]
    assert named(form, "carat")["importance"] is None


def test_an_older_model_has_its_columns_in_its_own_order(tmp_path: Path) -> None:
    form = form_of(tmp_path, DIAMONDS)

    assert names(form) == ["carat", "depth", "cut", "color"]


def test_an_importance_that_is_none_refuses_the_model(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    wrong = DIAMONDS.but(id="b" * 16, changes=(("importance", {"columns": ["carat"]}),))

    refused = offer(Worker(tmp_path), tmp_path, wrong)

    assert "model.json" in refused["reason"]
    assert "importance" in refused["reason"]


def test_the_examples_are_held_out_rows(tmp_path: Path) -> None:
    form = form_of(tmp_path, DIAMONDS)

    assert form["examples"] == [{"row": row} for row in DIAMONDS.rows]


def test_an_example_with_a_text_that_training_never_had_is_left_out(tmp_path: Path) -> None:
    unseen = {"carat": 1.0, "depth": None, "cut": "never seen", "color": None}
    form = form_of(tmp_path, DIAMONDS.but(rows=[unseen, *DIAMONDS.rows]))

    assert form["examples"] == [{"row": row} for row in DIAMONDS.rows]


def test_if_no_example_is_usual_all_are_shown(tmp_path: Path) -> None:
    unseen = {"carat": 1.0, "depth": None, "cut": "never seen", "color": None}
    form = form_of(tmp_path, DIAMONDS.but(rows=[unseen]))

    assert form["examples"] == [{"row": unseen}]


def test_no_value_of_a_private_column_is_told(tmp_path: Path) -> None:
    seen = {"example": "Biscoe", "distinct": 1, "categories": [{"value": "Biscoe", "rows": 9}]}
    *others, island = PENGUINS.fields
    private = island | {
        "observed": island["observed"] | seen,
        "synonyms": {"biscoe": "Biscoe"},
        "missingValues": ["Biscoe?"],
    }
    form = form_of(tmp_path, PENGUINS.but(fields=[*others, private]))

    assert named(form, "island") == {
        "name": "island",
        "type": "string",
        "constraints": {},
        "observed": {"rows": 100, "missing": 0},
        "private": True,
        "required": True,
        "expected": "a text",
        "accepts": None,
        "importance": None,
    }
    assert form["examples"] == [{"row": {"bill": 39.1, "year": 2007}}]
    assert "iscoe" not in json.dumps(form)


def test_of_a_private_column_the_form_has_no_rule_that_tells_values(tmp_path: Path) -> None:
    secret = {"private": True}
    length = {"pattern": "[A-Z]+", "minLength": 2, "maxLength": 9}
    fields = [
        field("age", "number", "numbers 0", constraints={"minimum": 17, "maximum": 71}, **secret),
        field("paid", "boolean", "numbers 1", trueValues=["Yup"], falseValues=["Nah"], **secret),
        field("group", "string", "strings 0", constraints={"enum": ["ALPHA", "BETA"]}, **secret),
        field("code", "string", "strings 1", constraints=length, **secret),
    ]
    rows = [{"age": None, "paid": None, "group": None, "code": None}]
    numbers, strings = [[1.0], [1.0]], [[1.0], [1.0]]
    model = DIAMONDS.but(fields=fields, rows=rows, numbers=numbers, strings=strings)
    form = form_of(tmp_path, model)

    assert {each["name"]: each["constraints"] for each in form["fields"]} == {
        "age": {},
        "paid": {},
        "group": {},
        "code": length,
    }
    assert (named(form, "paid")["expected"], named(form, "paid")["accepts"]) == (
        "true or false",
        None,
    )
    assert not {"17", "71", "Yup", "Nah", "ALPHA", "BETA"} & {*re.findall(r"\w+", json.dumps(form))}


def test_the_classes_are_named_as_the_probabilities_in_an_answer(tmp_path: Path) -> None:
    form = form_of(tmp_path, FLIGHTS)
    [row, *_] = FLIGHTS.rows
    answer = Worker(tmp_path).predict(row).json()

    assert (form["task"], form["timezone"]) == ("classification", "America/New_York")
    assert form["classes"] == ["false", "true"] == [*answer["predictions"][0]["probabilities"]]


def test_interval_and_decision_are_told(tmp_path: Path) -> None:
    decision = {"threshold": 0.3, "positive": True, "by": {"value": 0.3}}
    decided = FLIGHTS.but(changes=(("decision", decision),))

    assert form_of(tmp_path / "a", DIAMONDS.but(interval=0.9))["interval"] == {"coverage": 0.9}
    assert form_of(tmp_path / "b", decided)["decision"] == {"threshold": 0.3}


def test_numbers_dates_and_words_say_how_they_may_be_written(tmp_path: Path) -> None:
    fields = [
        field("rate", "number", "numbers 0", percent=True, decimalChar=","),
        field("since", "date", "numbers 1", format="%d.%m.%Y"),
        field("member", "boolean", "numbers 2", trueValues=["yes"], falseValues=["no"]),
    ]
    rows = [{"rate": 0.14, "since": "2013-01-31", "member": True}]
    numbers = [[1.0], [0.0], [1.0]]
    model = DIAMONDS.but(fields=fields, rows=rows, numbers=numbers, strings=[], expected=[1.14])
    form = form_of(tmp_path, model)

    assert {each["name"]: each["accepts"] for each in form["fields"]} == {
        "rate": "12,5 %",
        "since": "31.01.2013",
        "member": "yes or no",
    }
    assert named(form, "rate")["percent"] is True
    assert named(form, "rate")["expected"] == ("a fraction (0.14 = 14 %), or a text such as 12,5 %")
    assert named(form, "since")["format"] == "%d.%m.%Y"


def test_a_column_of_a_thousand_categories_lists_what_may_be_shown(tmp_path: Path) -> None:
    grades = [f"grade {number}" for number in range(1000)]
    seen = {"distinct": 1000, "categories": [{"value": grade, "rows": 9} for grade in grades]}
    fields = [
        field("seen", "string", "strings 0", observed=seen),
        field("declared", "string", "strings 1", constraints={"enum": grades}),
    ]
    rows = [{"seen": "grade 1", "declared": "grade 999"}]
    model = DIAMONDS.but(fields=fields, rows=rows, numbers=[], strings=[[1.0], [1.0]])
    form = form_of(tmp_path, model)

    assert named(form, "seen")["observed"]["distinct"] == 1000
    assert len(named(form, "seen")["observed"]["categories"]) == 50
    assert named(form, "declared")["constraints"]["enum"] == grades


def test_the_target_is_told_as_training_had_it(tmp_path: Path) -> None:
    quantiles = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    numbers = {"target": {"rows": 90, "mean": 4.0, "quantiles": quantiles}}
    classes = {"target": {"rows": 90, "shares": [0.5, 0.3, 0.2]}}

    assert form_of(tmp_path / "a", with_reference(DIAMONDS, numbers))["predictions"] == {
        "rows": 90,
        "quantiles": quantiles,
    }
    assert form_of(tmp_path / "b", with_reference(PENGUINS, classes))["predictions"] == {
        "rows": 90,
        "shares": [0.5, 0.3, 0.2],
    }


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"target": None},
        {"target": {"rows": 90}},
        {"target": {"rows": 90, "quantiles": [1.0]}},
        {"target": {"rows": 90, "shares": [0.5, 0.5]}},
        {"target": "price"},
        [],
    ],
)
def test_a_distribution_that_does_not_fit_is_left_out(tmp_path: Path, reference: object) -> None:
    assert form_of(tmp_path, with_reference(DIAMONDS, reference))["predictions"] is None


@pytest.mark.parametrize("private", [["price"], None], ids=["private", "maybe private"])
def test_the_distribution_of_a_target_that_may_be_private_is_left_out(
    tmp_path: Path, private: list[str] | None
) -> None:
    reference = {"target": {"rows": 90, "quantiles": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}}
    form = form_of(tmp_path, with_reference(DIAMONDS.but(private=private), reference))

    assert form["predictions"] is None


def test_the_format_of_the_source_is_told(tmp_path: Path) -> None:
    dialect = {"delimiter": ";", "quoteChar": "'", "header": True, "commentRows": [1, 2]}
    model = DIAMONDS.but(sources=[{"encoding": "cp1252", "dialect": dialect}])

    assert form_of(tmp_path / "a", model)["sources"] == [
        {
            "delimiter": ";",
            "quoteChar": "'",
            "escapeChar": "",
            "header": True,
            "commentRows": [1, 2],
            "encoding": "cp1252",
        }
    ]
    assert form_of(tmp_path / "b", DIAMONDS)["sources"] == []


def test_each_different_format_of_the_source_files_is_told_once(tmp_path: Path) -> None:
    files = [("utf-8", ","), ("cp1252", ";"), ("utf-8", ","), ("utf-8", "|")]
    sources = [{"encoding": name, "dialect": {"delimiter": char}} for name, char in files]
    form = form_of(tmp_path, DIAMONDS.but(sources=sources))

    assert [(each["encoding"], each["delimiter"]) for each in form["sources"]] == [
        ("utf-8", ","),
        ("cp1252", ";"),
        ("utf-8", "|"),
    ]


def test_the_limits_of_the_api_are_told(tmp_path: Path) -> None:
    form = form_of(tmp_path, DIAMONDS, max_rows=7, max_body_bytes=2048)

    assert form["limits"] == {"max_rows": 7, "max_body_bytes": 2048}


def test_without_a_model_there_is_no_form(tmp_path: Path) -> None:
    answer = Worker(tmp_path).ask("GET", "/page/form")

    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("no model is live")


def test_without_the_page_there_is_no_form(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)

    assert Worker(tmp_path, page=False).ask("GET", "/page/form").status_code == 404


def test_where_keys_are_set_the_form_wants_one_and_says_so(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", DIAMONDS)
    keys = tmp_path / "keys"
    keys.write_text(KEY)
    worker = Worker(tmp_path / "model", api_keys_file=keys)
    allowed = worker.ask("GET", "/page/form", headers={"x-api-key": KEY})

    assert worker.ask("GET", "/page/form").status_code == 401
    assert allowed.json()["needs_key"] is True
    assert KEY not in allowed.text


def test_a_prediction_without_a_key_is_shown_as_such(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(KEY)
    public = ["/predict", "/page/form"]

    assert form_of(tmp_path / "a", DIAMONDS)["needs_key"] is False
    assert form_of(tmp_path / "b", DIAMONDS, api_keys_file=keys, public=public)["needs_key"] is (
        False
    )


def test_the_form_follows_the_model_and_is_sent_again_only_then(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    first = worker.ask("GET", "/page/form")
    known = {"if-none-match": first.headers["etag"]}
    again = worker.ask("GET", "/page/form", headers=known)
    publish_model(tmp_path, PENGUINS)
    worker.poll()
    after = worker.ask("GET", "/page/form", headers=known)

    assert (again.status_code, again.content) == (304, b"")
    assert (after.status_code, after.json()["model"]) == (200, PENGUINS.id)
    assert after.headers["x-model-id"] == PENGUINS.id
