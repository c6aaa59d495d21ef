"""Many rows run through trees in an order in which that is fast, and keep their answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asking import Worker
from made_trees import Wooded
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed
from serve.model.graph.row_order import MIN_ROWS, most_important_input, run_in_order
from serve.model.graph.session import Graph
from serve_testing.made_models import DIAMONDS, MadeModel, publish_model

WOODED = Wooded(
    target=DIAMONDS.target,
    fields=DIAMONDS.fields,
    rows=DIAMONDS.rows,
    numbers=DIAMONDS.numbers,
    strings=DIAMONDS.strings,
    trees=10,
    step=1.0,
)
CARATS = np.random.default_rng(0).uniform(0.1, 6, 300)


def feed_of(carats: NDArray[np.float64]) -> Feed:
    depths = np.where(carats < 1, np.nan, 60.0)
    texts = np.array([["Ideal", "odd"], ["Good", ""]], np.object_)
    return {
        "numbers": np.stack([carats, depths], axis=1),
        "strings": texts[np.arange(len(carats)) % 2],
    }


def graph_of(folder: Path, model: MadeModel) -> Graph:
    publish_model(folder, model)
    return Worker(folder).watcher.live().graph


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Feed]:
    """Return what the graph's session is given from now on."""
    feeds: list[Feed] = []
    run = Graph._run  # noqa: SLF001  # what the session gets is seen nowhere else

    def noted(self: Graph, feed: Feed) -> Prediction:
        feeds.append(feed)
        return run(self, feed)

    monkeypatch.setattr(Graph, "_run", noted)
    return feeds


def test_many_rows_run_sorted_and_keep_their_answers(tmp_path: Path, seen: list[Feed]) -> None:
    graph, feed = graph_of(tmp_path, WOODED), feed_of(CARATS)
    alone = [graph.run({name: part[[row]] for name, part in feed.items()}) for row in range(300)]
    seen.clear()

    batcher = graph.run(feed)

    assert (np.diff(seen[0]["numbers"][:, 0]) >= 0).all()
    assert len(np.unique(batcher.values)) > 100
    np.testing.assert_array_equal(batcher.values, np.concatenate([each.values for each in alone]))


@pytest.mark.parametrize(
    ("model", "rows"),
    [(WOODED, MIN_ROWS - 1), (replace(WOODED, trees=1), 300), (DIAMONDS, 300)],
    ids=["few rows", "one tree", "no trees"],
)
def test_few_rows_and_graphs_of_few_trees_run_as_they_come(
    tmp_path: Path, seen: list[Feed], model: MadeModel, rows: int
) -> None:
    graph, feed = graph_of(tmp_path, model), feed_of(CARATS[:rows])
    seen.clear()

    graph.run(feed)

    assert seen == [feed]


def test_labels_and_rows_with_missing_numbers_keep_their_places() -> None:
    numbers = np.array([[3.0], [np.nan], [1.0], [2.0], [np.nan], [1.0]])

    def run(feed: Feed) -> Prediction:
        return Prediction(feed["numbers"] * 2, feed["numbers"][:, 0].astype("U"))

    values, labels = run_in_order(run, {"numbers": numbers}, 0)

    np.testing.assert_array_equal(values, numbers * 2)
    assert labels is not None
    assert labels.tolist() == ["3.0", "nan", "1.0", "2.0", "nan", "1.0"]


NUMBERS = np.random.default_rng(1).normal(size=(20, 3))
NUMBERS[::4, 1] = np.nan


@pytest.mark.parametrize(
    ("weights", "most"), [([1, 0, 5], 2), ([0, 1, 0], 1), ([0, 0, 0], None), ([9, 1, 5], 0)]
)
def test_the_number_that_moves_the_predictions_most_is_found(
    weights: list[float], most: int | None
) -> None:
    def predict(feed: Feed) -> NDArray[np.float64]:
        return feed["numbers"] @ np.diag(weights) + len(feed["strings"])

    assert most_important_input({"numbers": NUMBERS, "strings": NUMBERS}, predict) == most


def test_a_model_without_numbers_has_none() -> None:
    assert most_important_input({"strings": NUMBERS}, lambda feed: feed["strings"]) is None


@pytest.mark.parametrize(("seconds", "runs", "found"), [(0.04, 3, None), (0.014, 5, 1)])
def test_a_slow_model_is_not_tried_out_for_long(
    monkeypatch: pytest.MonkeyPatch, seconds: float, runs: int, found: int | None
) -> None:
    clock, made = [0.0], [0]
    monkeypatch.setattr("serve.model.graph.row_order.time.perf_counter", lambda: clock[0])

    def predict(feed: Feed) -> NDArray[np.float64]:
        clock[0] += seconds
        made[0] += 1
        return feed["numbers"] * [1, 9, 2]

    assert most_important_input({"numbers": NUMBERS}, predict) == found
    assert made[0] == runs


class Choosy(Wooded):
    """Fails where a depth is not beside the carat that it came with."""

    def graph(self) -> ModelProto:
        made = super().graph()
        graph = made.graph
        places = numpy_helper.from_array(np.array([[0]]), "places")
        graph.initializer.append(places)
        graph.node.extend(
            [
                helper.make_node("ReduceSum", ["filled", "one"], ["sums"], keepdims=0),
                helper.make_node("Cast", ["sums"], ["whole"], to=TensorProto.INT64),
                helper.make_node("Gather", ["places", "whole"], ["found"], axis=1),
                helper.make_node("ReduceSum", ["found"], ["all_found"], keepdims=0),
                helper.make_node("Cast", ["all_found"], ["nothing"], to=TensorProto.FLOAT),
                helper.make_node("Mul", ["nothing", "zero_float"], ["zeroed"]),
            ]
        )
        graph.initializer.append(numpy_helper.from_array(np.array(0, np.float32), "zero_float"))
        last = next(node for node in graph.node if "prediction" in node.output)
        last.output[0] = "sure"
        graph.node.append(helper.make_node("Add", ["sure", "zeroed"], ["prediction"]))
        return made


def test_a_model_that_fails_on_made_up_rows_goes_live_without_an_order(tmp_path: Path) -> None:
    rows = [
        {"carat": 0.5, "depth": 0, "cut": "Good"},
        {"carat": 1.4, "depth": -1, "cut": "Good"},
    ]
    choosy = Choosy(**vars(WOODED) | {"rows": rows})

    graph = graph_of(tmp_path, choosy)

    assert graph.sorted_by is None
