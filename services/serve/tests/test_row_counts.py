"""Counting what training had not seen."""

from pathlib import Path

from asking import Worker
from serve_testing.made_models import DIAMONDS, publish_model

ROW = {"carat": 1, "cut": "Good"}


def totals(worker: Worker) -> dict[str, dict[str, int]]:
    return worker.watcher.live().row_counts.outside_training()


def test_the_bounds_of_training_and_missing_values_are_inside(diamonds: Worker) -> None:
    diamonds.predict(ROW | {"carat": 0.2, "depth": 43}, ROW | {"carat": 5.01, "depth": None})

    assert totals(diamonds) == {"out_of_range": {}, "unknown_category": {}}


def test_many_requests_are_counted_as_one_large_one_is(diamonds: Worker) -> None:
    odd = ROW | {"carat": 6, "cut": "Odd"}
    body = b'{"rows": [{"carat": 6, "cut": "Odd"}]}'
    for _ in range(1100):
        diamonds.watcher.live().predict_json(body)
    diamonds.predict(*[odd] * 1100)

    assert totals(diamonds) == {
        "out_of_range": {"carat": 2200},
        "unknown_category": {"cut": 2200},
    }


def test_a_refused_request_counts_nothing(diamonds: Worker) -> None:
    diamonds.predict(ROW | {"carat": 6}, ROW | {"carat": -6})

    assert totals(diamonds)["out_of_range"] == {}


def test_dates_are_compared_as_moments(flights: Worker) -> None:
    flights.predict({"hour": "2013-01-01T05:00", "day": "2013-01-01"})

    assert totals(flights) == {"out_of_range": {}, "unknown_category": {}}


def test_a_column_without_a_list_of_categories_is_not_judged(diamonds: Worker) -> None:
    assert "categories" not in DIAMONDS.fields[3]["observed"]

    diamonds.predict(ROW | {"color": "odd"})

    assert totals(diamonds)["unknown_category"] == {}


def test_a_column_of_which_some_categories_are_too_rare_to_be_listed_is_not_judged(
    tmp_path: Path,
) -> None:
    cut = DIAMONDS.fields[2]
    few = {"value": "Fair", "rows": 4}
    seen = cut["observed"] | {"distinct": 3, "categories": [*cut["observed"]["categories"], few]}
    fields = [*DIAMONDS.fields[:2], cut | {"observed": seen}, *DIAMONDS.fields[3:]]
    publish_model(tmp_path, DIAMONDS.but(fields=fields))
    worker = Worker(tmp_path)

    worker.predict(ROW | {"cut": "Fair"}, ROW | {"cut": "Odd"})

    assert totals(worker)["unknown_category"] == {}
