"""The admission test beyond the examples: size and speed; and what is told of a refusal."""

import logging
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from asking import Worker
from made_trees import Wooded
from offering import bound, offer
from onnx import ModelProto, helper, numpy_helper
from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed
from serve.model.admission import Bounds, check_latency
from serve.model.graph.session import Graph
from serve.model.refusals import RefusedError
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model

NEXT = DIAMONDS.but(id="d" * 16)
ROW = {"carat": 1, "cut": "Good"}
CARAT, DEPTH, CUT, COLOR = DIAMONDS.fields


class Heavy(MadeModel):
    """Holds forty megabytes of nothing once it is loaded, in a file of a few kilobytes."""

    def graph(self) -> ModelProto:
        made = super().graph()
        graph, last = made.graph, made.graph.node[-1]
        shape = numpy_helper.from_array(np.array([10_000_000]), "shape")
        graph.initializer.append(shape)
        graph.node.insert(0, helper.make_node("ConstantOfShape", ["shape"], ["zeros"]))
        result, last.output[0] = last.output[0], "light"
        graph.node.extend(
            [
                helper.make_node("Shape", ["light"], ["rows"]),
                helper.make_node("Gather", ["zeros", "rows"], ["nothing"]),
                helper.make_node("Add", ["light", "nothing"], [result]),
            ]
        )
        return made


def test_a_model_that_is_too_slow_for_one_row_is_refused(diamonds: Worker, tmp_path: Path) -> None:
    bound(diamonds, max_latency_ms=0.0001)

    refused = offer(diamonds, tmp_path, NEXT)

    assert refused["cause"] == "latency"
    assert "for one row, expected at most 0.0001" in refused["reason"]
    assert diamonds.predict(ROW).json()["model"] == DIAMONDS.id


@pytest.mark.parametrize(
    ("takes", "runs"),
    [
        ([40.0], 1),
        ([60.0, 60.0, 40.0], 3),
        ([60.0, 60.0, 60.0], 3),
        ([500.0], 1),
    ],
)
def test_a_row_is_tried_again_only_where_that_may_change_the_verdict(
    monkeypatch: pytest.MonkeyPatch, takes: list[float], runs: int
) -> None:
    clock, left = [0.0], [*takes]
    monkeypatch.setattr("serve.model.admission.time.perf_counter", lambda: clock[0])

    class Slow:
        def run(self, _feed: Feed) -> Prediction:
            clock[0] += left.pop(0) / 1000
            return Prediction(np.zeros(1))

    graph, feed = cast("Graph", Slow()), {"numbers": np.zeros((1, 1))}
    if min(takes) > 50:
        with pytest.raises(RefusedError, match=f"takes {min(takes):g} ms for one row"):
            check_latency(feed, graph, Bounds(max_latency_ms=50))
    else:
        check_latency(feed, graph, Bounds(max_latency_ms=50))

    assert len(takes) - len(left) == runs


def test_a_model_file_that_is_too_large_is_refused_before_it_is_read(
    diamonds: Worker, tmp_path: Path
) -> None:
    bound(diamonds, max_model_mb=0.0001)

    refused = offer(diamonds, tmp_path, NEXT)

    assert refused["cause"] == "memory"
    assert "model.onnx: has 0.0 MB, expected at most 0.0001" in refused["reason"]


def test_a_small_file_that_takes_much_memory_is_refused(tmp_path: Path) -> None:
    publish_model(tmp_path, PENGUINS)
    worker = Worker(tmp_path)
    bound(worker, max_model_mb=10)

    refused = offer(worker, tmp_path, Heavy(**vars(NEXT)))

    assert refused["cause"] == "memory"
    assert "model.onnx: takes " in refused["reason"]
    assert "raise max_model_mb in [serve] and SERVE_MEMORY" in refused["reason"]


def test_trees_are_refused_before_they_take_ten_times_their_file(
    diamonds: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr("serve.model.models.Graph", lambda graph, *_, **__: loaded.append(graph))
    bound(diamonds, max_model_mb=0.5)

    refused = offer(diamonds, tmp_path, Wooded(**vars(NEXT), trees=10))

    assert refused["cause"] == "memory"
    assert "model.onnx: has trees, which take 0.9 MB, expected at most 0.5" in refused["reason"]
    assert loaded == []


def test_as_many_trees_as_train_makes_are_admitted(tmp_path: Path) -> None:
    publish_model(tmp_path, PENGUINS)
    worker = Worker(tmp_path)

    assert offer(worker, tmp_path, Wooded(**vars(NEXT), trees=60_000 // 128)) is None


@pytest.mark.parametrize("carat", [{"soundex": True}, {"constraints": {"multipleOf": 2}}])
def test_a_model_with_a_rule_that_nobody_here_would_apply_is_refused(
    diamonds: Worker, tmp_path: Path, carat: dict[str, Any]
) -> None:
    refused = offer(diamonds, tmp_path, NEXT.but(fields=[CARAT | carat, DEPTH, CUT, COLOR]))

    assert refused["cause"] == "artifact"
    assert "column carat has a rule that is not known here: " in refused["reason"]
    assert "update the image that serves" in refused["reason"]


@pytest.mark.parametrize("classes", [["A", "A", "A"], ["1", 1, "2"], ["true", "A", True]])
def test_a_model_whose_classes_do_not_differ_by_name_is_refused(
    diamonds: Worker, tmp_path: Path, classes: list[Any]
) -> None:
    refused = offer(diamonds, tmp_path, PENGUINS.but(changes=(("classes", classes),)))

    assert refused["cause"] == "artifact"
    assert f"class {classes[0]} is repeated" in refused["reason"]


def test_refusals_are_counted_once_each_by_cause(diamonds: Worker, tmp_path: Path) -> None:
    bound(diamonds, max_latency_ms=0.0001)
    for _ in range(3):
        offer(diamonds, tmp_path, NEXT)
    (tmp_path / NEXT.id / "model.onnx").write_bytes(b"torn")
    diamonds.poll()
    bound(diamonds)
    offer(diamonds, tmp_path, NEXT.but(id="e" * 16, expected=[1.0, 2.0]))
    offer(diamonds, tmp_path, PENGUINS)

    assert diamonds.watcher.swaps == 2
    assert diamonds.watcher.refusals == {"latency": 1, "artifact": 1, "examples": 1}


def test_the_first_refusal_says_when_and_what_in_the_log_as_data(
    diamonds: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        refused = offer(diamonds, tmp_path, NEXT.but(expected=[1.0, 2.0]))

    [record] = caplog.records
    assert (record.__dict__["model"], record.__dict__["cause"]) == (NEXT.id, "examples")
    assert refused["id"] == NEXT.id
    assert refused["since"].endswith("+00:00")


def test_categories_that_few_rows_hold_are_nowhere_and_at_most_fifty_are_listed(
    tmp_path: Path,
) -> None:
    rare = [{"value": "Rare", "rows": 4}]
    common = [{"value": f"c{number}", "rows": 900 - number} for number in range(60)]
    seen = {"rows": 9000, "missing": 0, "distinct": 61, "categories": [*common, *rare]}
    few = {"rows": 9, "missing": 0, "distinct": 2, "categories": [*common[:1], *rare]}
    fields = [CARAT, DEPTH, CUT | {"observed": seen}, COLOR | {"observed": few}]
    publish_model(tmp_path, DIAMONDS.but(fields=fields, rows=[ROW | {"color": "E"}]))
    worker = Worker(tmp_path)
    about = worker.ask("GET", "/model").json()["signature"]["fields"]
    document = worker.ask("GET", "/openapi.json")
    properties = document.json()["components"]["schemas"]["Row"]["properties"]

    assert [len(each["observed"]["categories"]) for each in about[2:]] == [50, 1]
    assert len(properties["cut"]["examples"]) == 50
    assert properties["color"]["examples"] == ["c0"]
    assert "Rare" not in document.text


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"max_latency_ms": 0.0001}, "for one row"), ({"max_model_mb": 0.0001}, "model.onnx: has")],
)
def test_the_settings_bound_the_first_model_too(
    tmp_path: Path, settings: dict[str, Any], reason: str
) -> None:
    publish_model(tmp_path, DIAMONDS)

    answer = Worker(tmp_path, **settings).ask("GET", "/ready")

    assert answer.status_code == 503
    assert reason in answer.json()["detail"]


def test_examples_lack_the_values_of_private_columns_even_where_requests_must_have_them(
    tmp_path: Path,
) -> None:
    publish_model(tmp_path, PENGUINS.but(rows=[PENGUINS.rows[0] | {"island": None}]))
    worker = Worker(tmp_path)

    assert worker.ask("GET", "/ready").json()["refused"] is None
    assert worker.predict(PENGUINS.rows[0]).status_code == 200
    assert worker.predict(PENGUINS.rows[0] | {"island": None}).status_code == 422
