"""Small models for the tests: drawn with onnx, published with the contract's helper."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import ModelProto, TensorProto, helper, numpy_helper
from stage_contract.artifacts.publishing import open_draft, publish

CODES = {"Fair": 1.0, "Good": 2.0, "Ideal": 3.0, "Biscoe": 1.0, "Dream": 2.0, "7": 7.0, "": 0.5}
"""What the graphs make of a text; of any other -1."""


def field(name: str, kind: str, place: str, **more: Any) -> dict[str, Any]:
    """Return a field of a signature; `place` is like `numbers 0`, `missing=0` makes it required."""
    group, index = place.split()
    missing = more.pop("missing", 3)
    observed = {"rows": 100, "missing": missing, **more.pop("observed", {})}
    return {
        "name": name,
        "type": kind,
        "input": {"group": group, "index": int(index)},
        "observed": observed,
        **more,
    }


@dataclass(frozen=True)
class MadeModel:
    """Everything that a model artifact is made of; linear in numbers and coded texts."""

    target: str
    fields: Sequence[dict[str, Any]]
    rows: Sequence[dict[str, Any]]
    """The examples."""
    expected: Sequence[Any] | None = None
    """Their answers; by default what ONNX Runtime says."""
    numbers: Sequence[Sequence[float]] = ()
    """Weights, one list for each number column: one weight a class, or one."""
    strings: Sequence[Sequence[float]] = ()
    bias: Sequence[float] = (0.0,)
    classes: Sequence[Any] | None = None
    ignored: Sequence[str] = ()
    private: Sequence[str] | None = ()
    """Those of them that are private; None as in a model of contract 1.1."""
    missing_values: Sequence[str] = ("NA",)
    timezone: str = "UTC"
    opset: int = 21
    interval: float | None = None
    """The coverage of intervals, which end 10 below and 100 above a prediction."""
    quantiles: Sequence[float] | None = None
    """The levels of quantiles, which are 100 a unit of their level from the prediction."""
    label: int | None = None
    """The class that is always named; by default the likeliest."""
    changes: tuple[tuple[str, Any], ...] = ()
    """What to put into model.json in place of the right thing."""
    id: str = "a" * 16
    report: str | None = None
    """The page that comes along."""
    reference: str = "{}"
    """The content of reference.json."""
    sources: Sequence[dict[str, Any]] = ({},)
    """What the lineage says of each file of the source, beside its name and digest."""
    stages: Sequence[dict[str, Any]] = ()
    """What the lineage says of each stage before train."""
    run: tuple[tuple[str, Any], ...] = (("finished", "2026-11-24T08:00:00+00:00"),)
    """The content of run.json."""
    verdict: tuple[tuple[str, Any], ...] = (("accepted", True),)
    """The content of verdict.json."""

    def but(self, **changes: Any) -> "MadeModel":
        """Return a model that differs."""
        return replace(self, **changes)

    def graph(self) -> ModelProto:
        """Return model.onnx."""
        return _graph(self)

    def document(self) -> dict[str, Any]:
        """Return model.json."""
        metric = {"rmse": {"value": 1.0, "low": 0.9, "high": 1.1}}
        estimator = {"name": "made", "library": "none", "hyperparameters": {}}
        document: dict[str, Any] = {
            "task": "regression" if self.classes is None else "classification",
            "target": {"name": self.target, "column": self.target, "type": "number"},
            "classes": self.classes,
            "signature": {
                "fields": self.fields,
                "missingValues": self.missing_values,
                "timezone": self.timezone,
                "ignored": self.ignored,
                **({} if self.private is None else {"private": self.private}),
            },
            "metrics": metric,
            "baseline": metric,
            "parity": {"rows": 1, "max_difference": 0.0, "tolerance": 1e-5},
            "estimator": estimator,
            "candidates": [],
            "split": {"kind": "hash"},
            "opset": {"": self.opset, "ai.onnx.ml": 3},
        }
        if self.interval is not None:
            document["interval"] = {"coverage": self.interval, "method": "made"}
        if self.quantiles is not None:
            document["quantiles"] = {"levels": [*self.quantiles]}
        return document | dict(self.changes)


def _graph(model: MadeModel) -> ModelProto:
    nodes, inputs, sums = [], [], []
    constants = {"bias": np.array([model.bias], np.float64), "zero": np.array(0.0)}
    if model.numbers:
        constants["weights"] = np.array(model.numbers, np.float64)
        inputs.append(_value("numbers", TensorProto.DOUBLE, len(model.numbers)))
        nodes += [
            helper.make_node("IsNaN", ["numbers"], ["missing"]),
            helper.make_node("Where", ["missing", "zero", "numbers"], ["filled"]),
            helper.make_node("MatMul", ["filled", "weights"], ["from_numbers"]),
        ]
        sums.append("from_numbers")
    if model.strings:
        constants["factors"] = np.array(model.strings, np.float64)
        inputs.append(_value("strings", TensorProto.STRING, len(model.strings)))
        nodes += [
            helper.make_node(
                "LabelEncoder",
                ["strings"],
                ["codes"],
                domain="ai.onnx.ml",
                keys_strings=list(CODES),
                values_floats=list(CODES.values()),
                default_float=-1.0,
            ),
            helper.make_node("Cast", ["codes"], ["coded"], to=TensorProto.DOUBLE),
            helper.make_node("MatMul", ["coded", "factors"], ["from_strings"]),
        ]
        sums.append("from_strings")
    nodes += [
        helper.make_node("Sum", [*sums, "bias"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["single"], to=TensorProto.FLOAT),
    ]
    if model.classes is None:
        constants["one"] = np.array([1])
        nodes.append(helper.make_node("Squeeze", ["single", "one"], ["prediction"]))
        outputs = [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None])]
        if model.interval is not None:
            constants |= {"below": np.array([10], np.float32), "above": np.array([100], np.float32)}
            nodes += [
                helper.make_node("Sub", ["prediction", "below"], ["low"]),
                helper.make_node("Add", ["prediction", "above"], ["high"]),
            ]
            outputs += [
                helper.make_tensor_value_info(end, TensorProto.FLOAT, [None])
                for end in ("low", "high")
            ]
        if model.quantiles is not None:
            constants["offsets"] = _offsets(model).astype(np.float32)
            nodes.append(helper.make_node("Add", ["single", "offsets"], ["quantiles"]))
            outputs.append(_value("quantiles", TensorProto.FLOAT, len(model.quantiles)))
    else:
        nodes += [
            helper.make_node("Softmax", ["single"], ["probabilities"]),
            helper.make_node("ArgMax", ["single"], ["label"], axis=1, keepdims=0),
        ]
        outputs = [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            _value("probabilities", TensorProto.FLOAT, len(model.classes)),
        ]
        if model.label is not None:
            constants |= {"nothing": np.array(0), "label_always": np.array(model.label)}
            nodes[-1].output[0] = "likeliest"
            nodes += [
                helper.make_node("Mul", ["likeliest", "nothing"], ["zeros"]),
                helper.make_node("Add", ["zeros", "label_always"], ["label"]),
            ]
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    drawn = helper.make_graph(nodes, "made", inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", model.opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(drawn, opset_imports=opsets, ir_version=10)


def _value(name: str, kind: int, width: int) -> Any:
    return helper.make_tensor_value_info(name, kind, [None, width])


def publish_model(volume: Path, model: MadeModel) -> str:
    """Publish a model as train does and return its id."""
    graph = model.graph().SerializeToString()
    answers = answers_of(graph, model) if model.expected is None else model.expected
    examples = [
        {"row": row, "expected": answer} for row, answer in zip(model.rows, answers, strict=True)
    ]
    if model.interval is not None:
        examples = [each | {"interval": _ends(each["expected"])} for each in examples]
    if model.quantiles is not None:
        examples = [
            each | {"quantiles": (each["expected"] + _offsets(model)).tolist()} for each in examples
        ]
    manifest = {
        "contract": "1.0",
        "kind": "model",
        "id": model.id,
        "stage": {"name": "train", "version": "0"},
        "settings": "{}",
        "inputs": [{"kind": "feature-data", "content": "f" * 64}],
        "lineage": [
            {"source": "diamonds.csv", "bytes": 1, "sha256": "0" * 64, **source}
            for source in model.sources
        ]
        + [*model.stages],
        "rows": 100,
        "metrics": {"rejected": 0},
    }
    volume.mkdir(parents=True, exist_ok=True)
    with open_draft(volume) as draft:
        (draft.path / "model.onnx").write_bytes(graph)
        (draft.path / "model.json").write_text(json.dumps(model.document()))
        (draft.path / "examples.jsonl").write_text("".join(map(_line, examples)))
        (draft.path / "reference.json").write_text(model.reference)
        if model.report is not None:
            (draft.path / "report.html").write_text(model.report, encoding="utf-8")
        draft.verdict = dict(model.verdict)
        return publish(draft, volume, manifest, run=dict(model.run)).id


def answers_of(graph: bytes, model: MadeModel) -> list[Any]:
    """Return what ONNX Runtime says to the examples, fed by hand."""
    feed: dict[str, Any] = {}
    for group, kind, empty in (("numbers", np.float64, np.nan), ("strings", object, "")):
        names = [each["name"] for each in model.fields if each["input"]["group"] == group]
        if names:
            cells = [
                [empty if row.get(name) is None else row[name] for name in names]
                for row in model.rows
            ]
            feed[group] = np.array(cells, kind)
    output = "prediction" if model.classes is None else "probabilities"
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    answers: list[Any] = session.run([output], feed)[0].tolist()
    return answers


def _line(value: object) -> str:
    return json.dumps(value) + "\n"


def _ends(number: float) -> list[float]:
    return [number - 10, number + 100]


def _offsets(model: MadeModel) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the distance of each quantile from the prediction."""
    return np.round(100 * (np.array(model.quantiles) - 0.5), 6)


def _probabilities(logit: float) -> list[float]:
    share = 1 / (1 + math.exp(-logit))
    return [1 - share, share]


DIAMONDS = MadeModel(
    target="price",
    fields=[
        field(
            "carat",
            "number",
            "numbers 0",
            missing=0,
            unit="carat",
            description="Weight of the stone",
            constraints={"exclusiveMinimum": 0},
            observed={
                "example": 0.23,
                "minimum": 0.2,
                "maximum": 5.01,
                "quantiles": [0.2, 0.3, 0.4, 0.7, 1.0, 1.7, 5.01],
            },
        ),
        field("depth", "number", "numbers 1", observed={"minimum": 43.0, "maximum": 79.0}),
        field(
            "cut",
            "string",
            "strings 0",
            missing=0,
            observed={
                "example": "Ideal",
                "distinct": 2,
                "categories": [{"value": "Ideal", "rows": 60}, {"value": "Good", "rows": 30}],
            },
        ),
        field("color", "string", "strings 1", constraints={"maxLength": 5}),
    ],
    rows=[
        {"carat": 0.23, "depth": 61.5, "cut": "Ideal", "color": None},
        {"carat": 1.5, "depth": None, "cut": "Good", "color": "Fair"},
    ],
    numbers=[[1000.0], [1.0]],
    strings=[[10.0], [1.0]],
    ignored=["price", "id"],
)
"""price = 1000 carat + depth + 10 cut + color."""

PENGUINS = MadeModel(
    target="species",
    fields=[
        field("bill", "number", "numbers 0"),
        field("year", "integer", "numbers 1"),
        field("island", "string", "strings 0", private=True, missing=0),
    ],
    rows=[{"bill": 39.1, "year": 2007, "island": "Biscoe"}],
    numbers=[[0.1, 0.0, -0.1], [0.0, 0.0, 0.001]],
    strings=[[0.0, 1.0, 0.0]],
    bias=(0.0, 0.5, 1.0),
    classes=["Adelie", "Chin%strap", 'G"entoo'],
    id="b" * 16,
)

FLIGHTS = MadeModel(
    target="late",
    fields=[
        field("hour", "datetime", "numbers 0", missing=0),
        field("day", "date", "numbers 1"),
        field("holiday", "boolean", "numbers 2"),
        field("number", "integer", "strings 0"),
    ],
    rows=[
        {"hour": "2013-01-01T05:00", "day": "2013-01-01", "holiday": True, "number": 7},
        {"hour": "2013-01-01T10:00:00Z", "day": None, "holiday": False, "number": 8},
    ],
    # 05:00 in New York is 1,357,034,400 s since 1970; midnight UTC of the day is 1,356,998,400.
    expected=[
        _probabilities(1.3570344 + 1.3569984 + 1 + 7 - 3),
        _probabilities(1.3570344 + 0 + 0 - 1 - 3),
    ],
    numbers=[[0.0, 1e-9], [0.0, 1e-9], [0.0, 1.0]],
    strings=[[0.0, 1.0]],
    bias=(0.0, -3.0),
    classes=[False, True],
    timezone="America/New_York",
    id="c" * 16,
)
