"""transform.onnx: written node by node, fitted on training rows, and run."""

import re
from typing import Any

import numpy as np
import onnx
import onnxruntime
import polars as pl
from onnx import TensorProto, helper, numpy_helper
from table import MIN_CATEGORY_ROWS, Field, Table, frequent

DAY, YEAR = 86400.0, 365.2425
LARGEST = 1e4
"""Features are within ± this many standard deviations, so that products of them stay finite."""

type Arrays = dict[str, np.ndarray[Any, Any]]


def inputs_of(table: Table, fields: list[Field]) -> Arrays:
    """Return rows as the graph takes them."""
    groups: dict[str, list[Any]] = {"numbers": [], "strings": []}
    for field in fields:
        column = table.encoded(field["name"]).to_numpy()
        groups[field["input"]["group"]].append(column)
    kinds = {"numbers": np.float64, "strings": object}
    return {
        name: np.column_stack([column.astype(kinds[name]) for column in columns])
        for name, columns in groups.items()
        if columns
    }


def categories_of(values: pl.Series, most: int) -> list[str]:
    """Return the texts that get a feature of their own; '' is a missing one."""
    counts = frequent(values.fill_null(""))
    kept = [text for text, rows in counts if text and rows >= MIN_CATEGORY_ROWS][:most]
    has_missing = any(not text for text, _ in counts)
    return [*([""] if has_missing else []), *sorted(kept)] if kept else []


class Graph:
    """Nodes and constants, added one by one."""

    def __init__(self, fields: list[Field]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs = []
        for group, kind in (("numbers", TensorProto.DOUBLE), ("strings", TensorProto.STRING)):
            width = sum(field["input"]["group"] == group for field in fields)
            if width:
                self.inputs.append(helper.make_tensor_value_info(group, kind, ["N", width]))

    def constant(self, value: Any, kind: type = np.float64) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        domain = "ai.onnx.ml" if operator == "LabelEncoder" else ""
        name = f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, inputs, [name], name, domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def columns(self, group: str, places: list[int]) -> str:
        return self.add("Gather", group, self.constant(places, np.int64), axis=1)

    def floats(self, name: str) -> str:
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def modulo(self, value: str, divisor: float) -> str:
        whole = self.add("Floor", self.add("Div", value, self.constant(divisor)))
        return self.add("Sub", value, self.add("Mul", whole, self.constant(divisor)))

    def model(self, name: str, kind: int, width: int) -> onnx.ModelProto:
        """Return a model with this output."""
        output = helper.make_tensor_value_info(name, kind, ["N", width])
        graph = helper.make_graph(
            self.nodes, "transform", self.inputs, [output], initializer=self.constants
        )
        versions = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
        return helper.make_model(
            graph, opset_imports=versions, ir_version=10, producer_name="features-polars"
        )


def run(model: onnx.ModelProto, inputs: Arrays) -> np.ndarray[Any, Any]:
    """Return the output of a model."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, inputs)[0])


class Transform:
    """A graph under construction, and the features that it has so far."""

    def __init__(self, train: Table, fields: list[Field]) -> None:
        self.train, self.fields = train, fields
        self.graph = Graph(fields)
        self.features: list[dict[str, str]] = []
        self.outputs: list[str] = []

    def of_type(self, *types: str) -> list[Field]:
        return [field for field in self.fields if field["type"] in types]

    def pick(self, fields: list[Field]) -> str:
        return self.graph.columns("numbers", [field["input"]["index"] for field in fields])

    def name(self, field: Field, role: str, suffix: str = "") -> None:
        name = field["name"]
        self.features.append({"name": name + suffix, "source": name, "role": role})

    def add_numbers(self) -> None:
        """Add numbers, booleans and parts of dates."""
        graph, raw = self.graph, []
        if fields := self.of_type("number", "integer", "boolean"):
            raw.append(self.pick(fields))
            for field in fields:
                self.name(field, "boolean" if field["type"] == "boolean" else "number")
        if fields := self.of_type("date", "datetime"):
            days = graph.add("Div", self.pick(fields), graph.constant(DAY))
            # 1970 began on a Thursday, and the week begins on a Monday.
            since_monday = graph.add("Floor", graph.add("Add", days, graph.constant(3.0)))
            raw += [days, graph.modulo(since_monday, 7.0), graph.modulo(days, YEAR)]
            for part in ("days since 1970", "day of week", "time of year"):
                for field in fields:
                    self.name(field, "date-part", f" {part}")
        if fields := self.of_type("datetime"):
            raw.append(graph.modulo(self.pick(fields), DAY))
            for field in fields:
                self.name(field, "date-part", " time of day")
        if raw:
            self.outputs.append(self.standardised(graph.add("Concat", *raw, axis=1)))

    def standardised(self, raw: str) -> str:
        """Add nodes that bring numbers to mean 0 and deviation 1, and missing ones to 0."""
        graph = self.graph
        model = graph.model(raw, TensorProto.DOUBLE, len(self.features))
        means, deviations = moments(run(model, inputs_of(self.train, self.fields)))
        for place, feature in enumerate(self.features):
            if feature["role"] == "boolean":
                means[place], deviations[place] = 0, 1
        moved = graph.add("Sub", raw, graph.constant(means))
        result = graph.add("Div", moved, graph.constant(deviations))
        result = graph.add("Where", graph.add("IsNaN", result), graph.constant(0.0), result)
        limits = graph.constant(-LARGEST), graph.constant(LARGEST)
        return graph.floats(graph.add("Clip", result, *limits))

    def add_indicators(self) -> None:
        """Add a feature for each numeric column that training rows may lack."""
        numeric = self.of_type("number", "integer", "boolean", "date", "datetime")
        if fields := [field for field in numeric if not field["constraints"]["required"]]:
            missing = self.graph.add("IsNaN", self.pick(fields))
            self.outputs.append(self.graph.floats(missing))
            for field in fields:
                self.name(field, "missing-indicator", " missing")

    def add_categories(self, field: Field, texts: list[str]) -> None:
        """Add a feature for each text; an unknown one has 0 in all."""
        numbers = list(range(len(texts)))
        code = self.graph.add(
            "LabelEncoder",
            self.graph.columns("strings", [field["input"]["index"]]),
            keys_strings=texts,
            values_int64s=numbers,
            default_int64=-1,
        )
        is_it = self.graph.add("Equal", code, self.graph.constant([numbers], np.int64))
        self.outputs.append(self.graph.floats(is_it))
        for number, text in enumerate(texts, start=1):
            # The name of a feature is in documents, where no private value may be.
            shown = f" category {number}" if field.get("private") else f"={text or '(missing)'}"
            self.name(field, "one-hot", shown)

    def model(self) -> onnx.ModelProto:
        joined = helper.make_node("Concat", self.outputs, ["features"], "features", axis=1)
        self.graph.nodes.append(joined)
        return self.graph.model("features", TensorProto.FLOAT, len(self.features))


def fit(
    train: Table, fields: list[Field], categories: dict[str, list[str]]
) -> tuple[onnx.ModelProto, list[dict[str, str]]]:
    """Return the graph and its features, fitted on the training rows."""
    transform = Transform(train, fields)
    transform.add_numbers()
    transform.add_indicators()
    for field in transform.of_type("string"):
        transform.add_categories(field, categories[field["name"]])
    return transform.model(), all_different(transform.features)


def moments(values: Any) -> tuple[Any, Any]:
    """Return means and standard deviations of the columns; 1 for one without variance."""
    # Sums of numbers near the largest double have no value, but their scaled sums have.
    scale = np.nanmax(np.abs(values), axis=0)
    scale[scale == 0] = 1
    deviations = np.nanstd(values / scale, axis=0) * scale
    deviations[deviations == 0] = 1
    return np.nanmean(values / scale, axis=0) * scale, deviations


def all_different(features: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return features without names that are taken, or begin with @, as only other columns do."""
    renamed: dict[str, dict[str, str]] = {}
    for feature in features:
        name = wanted = re.sub("^@", "column @", feature["name"])
        number = 1
        while name in renamed:
            number += 1
            name = f"{wanted} ({number})"
        renamed[name] = feature | {"name": name}
    return list(renamed.values())
