"""The named graph: one input a column, one output a value, and what counts as missing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from conftest import EXAMPLES
from onnx import TensorProto, helper
from track.columns import Column, columns_of
from track.frames import feed_of, frame_of
from track.graphs import named_graph, output_names

ECHO = {"classes": None, "target": {"name": "price"}}


def echo(kinds: dict[str, int]) -> onnx.ModelProto:
    """Return a graph whose prediction says which of its texts are missing, or its numbers' sum."""
    if "strings" not in kinds:
        nodes = [
            helper.make_node("ReduceSum", ["numbers", "axis"], ["sums"], keepdims=0),
            helper.make_node("Cast", ["sums"], ["prediction"], to=TensorProto.FLOAT),
        ]
    else:
        nodes = [
            helper.make_node(
                "LabelEncoder",
                ["strings"],
                ["found"],
                domain="ai.onnx.ml",
                keys_strings=["", "3"],
                values_int64s=[1, 2],
                default_int64=0,
            ),
            helper.make_node("ReduceSum", ["found", "axis"], ["sums"], keepdims=0),
            helper.make_node("Cast", ["sums"], ["prediction"], to=TensorProto.FLOAT),
        ]
    elements = {"numbers": TensorProto.DOUBLE, "strings": TensorProto.STRING}
    graph = helper.make_graph(
        nodes,
        "echo",
        [helper.make_tensor_value_info(g, elements[g], [None, k]) for g, k in kinds.items()],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None])],
        [helper.make_tensor("axis", TensorProto.INT64, [1], [1])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def answers(columns: list[Column], kinds: dict[str, str], *rows: dict[str, Any]) -> list[float]:
    groups = [column.group for column in columns]
    model = named_graph(echo({g: groups.count(g) for g in dict.fromkeys(groups)}), ECHO, columns)
    session = ort.InferenceSession(model.SerializeToString())
    (found,) = session.run(["price"], feed_of(frame_of(rows, columns, kinds)))
    return [float(value) for value in found]


@pytest.mark.parametrize("example", ["model", "penguins/model"])
def test_it_gives_the_numbers_of_the_packed_graph(example: str) -> None:
    (path,) = (path for path in (EXAMPLES / example).iterdir() if path.is_dir())
    document = json.loads((path / "model.json").read_bytes())
    columns = columns_of(document["signature"])
    kinds = {field["name"]: field["type"] for field in document["signature"]["fields"]}
    examples = [json.loads(line) for line in lines_of(path / "examples.jsonl")]
    model = named_graph(onnx.load_model(str(path / "model.onnx")), document, columns)

    session = ort.InferenceSession(model.SerializeToString())
    found = session.run(None, feed_of(frame_of([e["row"] for e in examples], columns, kinds)))

    expected = np.array([e["expected"] for e in examples], np.float32)
    numbers = found[0] if document["classes"] is None else np.column_stack(found[1:])
    assert np.array_equal(numbers, expected)


def test_ends_of_an_interval_are_further_outputs() -> None:
    inner = echo({"numbers": 1})
    for name, operator in (("low", "Neg"), ("high", "Abs")):
        inner.graph.node.append(helper.make_node(operator, ["prediction"], [name]))
        inner.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]))
    columns = [Column("price_low", "double", "numbers", 0, ())]

    document = ECHO | {"interval": {"coverage": 0.9}}
    session = ort.InferenceSession(named_graph(inner, document, columns).SerializeToString())

    assert [each.name for each in session.get_outputs()] == ["price", "price_low_", "price_high"]
    found = session.run(None, {"price_low": np.array([[3.0], [-2.0]])})
    assert [values.tolist() for values in found] == [[3, -2], [-3, 2], [3, 2]]


def test_quantiles_are_further_outputs() -> None:
    inner = echo({"numbers": 1})
    inner.graph.node.extend(
        [
            helper.make_node("Constant", [], ["offsets"], value_floats=[-1.0, 0.0, 2.0]),
            helper.make_node("Constant", [], ["as_column"], value_ints=[-1, 1]),
            helper.make_node("Reshape", ["prediction", "as_column"], ["middle"]),
            helper.make_node("Add", ["middle", "offsets"], ["quantiles"]),
        ]
    )
    inner.graph.output.append(
        helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, [None, 3])
    )
    columns = [Column("carat", "double", "numbers", 0, ())]

    document = ECHO | {"quantiles": {"levels": [0.1, 0.5, 0.9]}}
    session = ort.InferenceSession(named_graph(inner, document, columns).SerializeToString())

    assert [each.name for each in session.get_outputs()] == [
        "price",
        "price_quantile_0.1",
        "price_quantile_0.5",
        "price_quantile_0.9",
    ]
    found = session.run(None, {"carat": np.array([[3.0], [-2.0]])})
    assert [values.tolist() for values in found] == [[3, -2], [2, -3], [3, -2], [5, 0]]


def test_texts_that_stand_for_a_missing_value_count_as_one() -> None:
    column = Column("cut", "string", "strings", 0, ("NA", "None", "nan"))
    texts = [None, "NA", "", "Ideal"]

    assert answers([column], {"cut": "string"}, *({"cut": t} for t in texts)) == [1, 1, 1, 0]


def test_a_category_that_is_called_none_stays_one() -> None:
    field = {
        "name": "damage",
        "type": "string",
        "input": {"group": "strings", "index": 0},
        "observed": {"categories": [{"value": "None", "rows": 7}]},
        "missingValues": ["", "-"],
    }
    (column,) = columns_of({"fields": [field], "missingValues": ["NA"]})

    assert column.missing == ("", "-", "nan", "<NA>")
    assert answers([column], {"damage": "string"}, {"damage": "None"}) == [0]


def test_an_integer_as_category_is_sent_as_integer_if_it_is_never_missing() -> None:
    required = {"constraints": {"required": True}}
    field = {"name": "rooms", "type": "integer", "input": {"group": "strings", "index": 0}}
    (known,) = columns_of({"fields": [field | required]})
    (other,) = columns_of({"fields": [field]})

    assert (known.type, other.type) == ("long", "string")
    assert answers([known], {"rooms": "integer"}, {"rooms": 3}, {"rooms": 4}) == [2, 0]


def test_numbers_flags_and_times_go_to_their_places() -> None:
    columns = [
        Column("day", "double", "numbers", 2),
        Column("rooms", "long", "numbers", 0),
        Column("garden", "boolean", "numbers", 1),
    ]
    kinds = {"day": "date", "rooms": "integer", "garden": "boolean"}
    row = {"day": "1970-01-02", "rooms": 3, "garden": True}

    assert answers(columns, kinds, row) == [86_400 + 3 + 1]


def test_outputs_are_called_after_target_and_classes_and_never_as_a_column() -> None:
    document = {"classes": [False, True], "target": {"name": "late"}}

    names = output_names(document, used={"probability_true"})

    assert names == ["late", "probability_false", "probability_true_"]


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
