"""POST /predict with `top_k`, `on_error` and `outside_training`."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import CSV, Worker, errors
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, publish_model

PENGUIN = {"bill": 39.1, "year": 2007, "island": "Biscoe"}
STONE = {"carat": 1, "depth": 60, "cut": "Good"}


def ask(worker: Worker, query: str, *rows: Any) -> httpx.Response:
    return worker.ask("POST", f"/predict?{query}", json={"rows": rows})


def table(worker: Worker, query: str, body: str) -> list[dict[str, str]]:
    answer = worker.ask("POST", f"/predict?{query}", content=body.encode(), headers=CSV)
    assert answer.status_code == 200, answer.text
    return [*csv.DictReader(io.StringIO(answer.text))]


def test_only_the_likeliest_classes_come_back_in_order(penguins: Worker) -> None:
    [every] = penguins.predict(PENGUIN).json()["predictions"]
    [found] = ask(penguins, "top_k=2", PENGUIN).json()["predictions"]

    ranked = sorted(every["probabilities"].items(), key=lambda item: -item[1])
    assert found == {
        "species": every["species"],
        "probabilities": [{"class": name, "probability": p} for name, p in ranked[:2]],
    }


def test_more_classes_than_there_are_are_all_of_them(penguins: Worker) -> None:
    [found] = ask(penguins, "top_k=999999999", PENGUIN).json()["predictions"]

    assert {each["class"] for each in found["probabilities"]} == set(PENGUINS.classes or ())


def test_a_class_that_is_no_text_keeps_its_type(flights: Worker) -> None:
    [found] = ask(flights, "top_k=1", {**FLIGHTS.rows[0]}).json()["predictions"]

    assert [each["class"] for each in found["probabilities"]] == [True]


def test_of_equal_probabilities_the_first_class_comes_first(tmp_path: Path) -> None:
    publish_model(tmp_path, PENGUINS.but(numbers=[[0] * 3] * 2, strings=[[0] * 3], bias=[0] * 3))
    [found] = ask(Worker(tmp_path), "top_k=2", PENGUIN).json()["predictions"]

    assert [each["class"] for each in found["probabilities"]] == ["Adelie", "Chin%strap"]


def test_a_table_gets_two_columns_for_each_of_the_likeliest_classes(penguins: Worker) -> None:
    [every] = table(penguins, "", "bill,year,island\n39.1,2007,Biscoe\n")
    [found] = table(penguins, "top_k=2", "bill,year,island\n39.1,2007,Biscoe\n")

    ranked = sorted((PENGUINS.classes or ()), key=lambda name: -float(every[f"probability_{name}"]))
    assert [*found.items()][3:] == [
        ("predicted_species", every["predicted_species"]),
        ("class_1", ranked[0]),
        ("probability_1", every[f"probability_{ranked[0]}"]),
        ("class_2", ranked[1]),
        ("probability_2", every[f"probability_{ranked[1]}"]),
    ]


@pytest.mark.parametrize("media_type", ["application/json", "text/csv"])
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("top_k=0", ("top_k", "0", "a whole number of at least 1")),
        ("top_k=-1", ("top_k", "-1", "a whole number of at least 1")),
        ("top_k=3.0", ("top_k", "3.0", "a whole number of at least 1")),
        ("top_k=", ("top_k", "", "a whole number of at least 1")),
        ("top_k=%D9%A3", ("top_k", "٣", "a whole number of at least 1")),
        ("top_k=1&top_k=2", ("top_k", "2", "this parameter only once")),
        ("on_error=ignore", ("on_error", "ignore", "fail or skip")),
        ("outside_training=1", ("outside_training", "1", "true or false")),
    ],
)
def test_a_wrong_value_is_refused_with_parameter_value_and_expectation(
    penguins: Worker, media_type: str, query: str, error: tuple[str, str, str]
) -> None:
    bodies = {"application/json": json.dumps({"rows": [PENGUIN]}), "text/csv": "island\nDream\n"}
    answer = penguins.ask(
        "POST",
        f"/predict?{query}",
        content=bodies[media_type].encode(),
        headers={"content-type": media_type},
    )

    assert answer.status_code == 422
    assert errors(answer) == [dict(zip(("parameter", "value", "expected"), error, strict=True))]


def test_a_long_value_is_shortened_in_the_error(penguins: Worker) -> None:
    [error] = errors(ask(penguins, f"top_k={'9' * 5000}", PENGUIN))

    assert len(error["value"]) == 101


def test_a_model_of_a_number_has_no_likeliest_classes(diamonds: Worker) -> None:
    answer = ask(diamonds, "top_k=3", STONE)

    assert answer.status_code == 422
    expected = "a model with classes; this one predicts a number"
    assert errors(answer) == [{"parameter": "top_k", "value": "3", "expected": expected}]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("topk", "top_k"),
        ("Top-K", "top_k"),
        ("on_errors", "on_error"),
        ("outsideTraining", "outside_training"),
    ],
)
def test_a_misspelt_parameter_is_refused_with_the_right_name(
    penguins: Worker, typo: str, meant: str
) -> None:
    answer = ask(penguins, f"{typo}=3", PENGUIN)

    assert answer.status_code == 422
    [error] = errors(answer)
    assert (error["parameter"], error["did_you_mean"]) == (typo, meant)


def test_parameters_of_others_are_ignored(penguins: Worker) -> None:
    plain = penguins.predict(PENGUIN)

    for query in ("code=abc", "utm_source=x&_=17", "a" * 5000, "top_knot_of_the_whole_request=1"):
        assert ask(penguins, query, PENGUIN).content == plain.content


def test_more_than_a_hundred_parameters_are_refused(penguins: Worker) -> None:
    answer = ask(penguins, "&".join(["a=1"] * 101), PENGUIN)

    assert answer.status_code == 422
    assert "more than 100 query parameters" in answer.json()["detail"]


def test_the_default_of_each_parameter_changes_nothing(diamonds: Worker) -> None:
    plain = diamonds.predict(STONE)

    answer = ask(diamonds, "on_error=fail&outside_training=false", STONE)
    assert answer.content == plain.content


def test_good_rows_are_predicted_and_bad_ones_listed(diamonds: Worker) -> None:
    rows = [STONE, STONE | {"carat": "big"}, STONE | {"carat": 2}, {"carat": 1}, "no object"]
    answer = ask(diamonds, "on_error=skip", *rows).json()

    good = diamonds.predict(rows[0], rows[2]).json()["predictions"]
    assert answer["predictions"] == [good[0], None, good[1], None, None]
    refused = errors(diamonds.predict(*rows))
    assert answer["errors"] == refused
    assert [error["row"] for error in refused] == [2, 4, 5]


def test_an_unknown_column_makes_only_its_own_rows_bad(diamonds: Worker) -> None:
    odd = STONE | {"karat": 1}
    answer = ask(diamonds, "on_error=skip", odd, STONE, odd).json()

    assert [each is None for each in answer["predictions"]] == [True, False, True]
    assert [(each["row"], each["did_you_mean"]) for each in answer["errors"]] == [
        (1, "carat"),
        (3, "carat"),
    ]


def test_rows_are_listed_beyond_the_number_of_errors_that_a_refusal_lists(
    diamonds: Worker,
) -> None:
    many = [STONE | {f"odd{number}": 1} for number in range(100)]
    answer = ask(diamonds, "on_error=skip", *many, STONE).json()

    assert [error["row"] for error in answer["errors"]] == [*range(1, 101)]
    assert answer["predictions"][100] is not None


def test_a_row_lists_five_errors_at_most(diamonds: Worker) -> None:
    answer = ask(diamonds, "on_error=skip", {f"odd{number}": 1 for number in range(100)}).json()

    assert len(answer["errors"]) == 5


def test_without_a_good_row_no_prediction_is_made(diamonds: Worker) -> None:
    answer = ask(diamonds, "on_error=skip&outside_training=true", {}, {"carat": 1})

    assert answer.status_code == 200
    assert answer.json()["predictions"] == answer.json()["outside_training"] == [None, None]
    assert diamonds.watcher.live().row_counts.rows == 0


def test_without_a_bad_row_the_list_of_errors_is_empty(diamonds: Worker) -> None:
    plain = diamonds.predict(STONE).json()

    assert ask(diamonds, "on_error=skip", STONE).json() == plain | {"errors": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"rows": []}', 422),
        (b'{"rows": [{"carat": NaN, "cut": "Good"}]}', 400),
        (b'{"rows": [{}], "more": 1}', 422),
    ],
)
def test_a_body_without_rows_is_refused_even_if_bad_rows_are_skipped(
    diamonds: Worker, body: bytes, status: int
) -> None:
    headers = {"content-type": "application/json"}
    answer = diamonds.ask("POST", "/predict?on_error=skip", content=body, headers=headers)

    assert answer.status_code == status


def test_a_private_value_is_not_listed(penguins: Worker) -> None:
    secret = ["secret"]
    answer = ask(penguins, "on_error=skip", PENGUIN | {"island": secret}, PENGUIN)

    [error] = answer.json()["errors"]
    assert (error["row"], error["column"]) == (1, "island")
    assert "value" not in error
    assert "secret" not in answer.text


def test_a_table_has_empty_cells_and_the_error_in_a_bad_row(diamonds: Worker) -> None:
    found = table(diamonds, "on_error=skip", "carat,cut\n1,Good\nbig,Good\n2\n1,Good,x\n2,Good\n")

    assert [row["predicted_price"] for row in found] == ["1020.5", "", "", "", "2020.5"]
    assert [row["error"] for row in found] == [
        "",
        "carat: expected a number",
        "expected 2 cells as in the header",
        "expected 2 cells as in the header",
        "",
    ]
    assert [row["carat"] for row in found] == ["1", "big", "2", "1", "2"]


def test_a_table_without_a_required_column_is_refused_even_if_bad_rows_are_skipped(
    diamonds: Worker,
) -> None:
    answer = diamonds.ask("POST", "/predict?on_error=skip", content=b"carat\n1\n", headers=CSV)

    assert answer.status_code == 422
    assert [error["column"] for error in errors(answer)] == ["cut"]


def test_each_row_names_its_columns_outside_training(diamonds: Worker) -> None:
    odd = {"carat": 6, "depth": 1, "cut": "Odd", "color": "odd"}
    answer = ask(diamonds, "outside_training=true", STONE, odd, STONE | {"depth": None}).json()

    assert answer["outside_training"] == [[], ["carat", "depth", "cut"], []]
    plain = diamonds.predict(STONE, odd, STONE | {"depth": None}).json()
    assert answer["predictions"] == plain["predictions"]


def test_the_rows_agree_with_the_counts(diamonds: Worker) -> None:
    rows = [STONE | {"carat": carat, "cut": cut} for carat in (0.1, 1, 6) for cut in ("Good", "X")]
    named = ask(diamonds, "outside_training=true", *rows).json()["outside_training"]

    totals = diamonds.watcher.live().row_counts.outside_training()
    assert totals == {
        "out_of_range": {"carat": sum("carat" in each for each in named)},
        "unknown_category": {"cut": sum("cut" in each for each in named)},
    }
    assert totals["out_of_range"] == {"carat": 4}


def test_a_private_column_is_never_named_as_outside(tmp_path: Path) -> None:
    seen = {"distinct": 1, "categories": [{"value": "Biscoe", "rows": 90}]}
    island = PENGUINS.fields[2]
    island = island | {"observed": island["observed"] | seen}
    publish_model(tmp_path, PENGUINS.but(fields=[*PENGUINS.fields[:2], island]))

    answer = ask(Worker(tmp_path), "outside_training=true", PENGUIN | {"island": "Other"})

    assert answer.json()["outside_training"] == [[]]


def test_a_table_names_the_columns_outside_training_as_a_list(diamonds: Worker) -> None:
    found = table(
        diamonds, "outside_training=true&on_error=skip", "carat,cut\n6,Odd\n1,Good\nbig,Good\n"
    )

    assert [row["outside_training"] for row in found] == ['["carat","cut"]', "[]", ""]


def test_a_further_column_never_has_the_name_of_a_column_of_the_model(tmp_path: Path) -> None:
    fields = [*DIAMONDS.fields[:3], DIAMONDS.fields[3] | {"name": "error"}]
    rows = [{"carat": 1, "cut": "Good"}]
    publish_model(tmp_path, DIAMONDS.but(fields=fields, rows=rows))

    [found] = table(Worker(tmp_path), "on_error=skip", "carat,cut,error\n0,Good,red\n")

    assert (found["error"], found["predicted_price"]) == ("red", "")
    assert found["error_"].startswith("carat: expected ")
