"""Builder of an ONNX graph; `Doubles` adds nodes by Python operators."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSETS = {"": 21, "ai.onnx.ml": 3}
IR_VERSION = 10
GRAPH_NAME = "features"


@dataclass
class GraphBuilder:
    """Collects nodes in the order of the calls; a name is the operator and a number."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = field(
        default_factory=dict
    )

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, inputs, [name], name, domain=domain, **attributes)
        )
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """Return the name of a constant; equal constants are stored once."""
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = numpy_helper.from_array(values, name)
        return self.constants[key].name

    def texts(self, values: Sequence[str]) -> str:
        """Return the name of a constant with these texts."""
        key = ("texts", (len(values),), "\0".join(values).encode())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = numpy_helper.from_array(np.array(values, object), name)
        return self.constants[key].name

    def double(self, value: float) -> str:
        """Return the name of a scalar constant of type double."""
        return self.constant(np.array(value, np.float64))

    def concat(self, parts: Sequence[str]) -> str:
        """Concatenate columns."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def slice(self, values: str, start: int, stop: int, *, axis: int) -> str:
        """Select a range along one axis."""
        bounds = [self.constant(np.array([bound], np.int64)) for bound in (start, stop, axis)]
        return self.add("Slice", values, *bounds)

    def split(self, texts: str, delimiter: str, *, max_splits: int) -> str:
        """Split texts at most `max_splits` times; the parts form a new last axis, padded by ""."""
        name = self.add("StringSplit", texts, delimiter=delimiter, maxsplit=max_splits)
        self.nodes[-1].output.append(f"{name}_parts")
        return name

    def model(self, inputs: Sequence[onnx.ValueInfoProto], *, width: int) -> bytes:
        """Return the serialized model; its output is the output of the last node."""
        self.nodes[-1].output[0] = "features"
        graph = helper.make_graph(
            self.nodes,
            GRAPH_NAME,
            inputs,
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="stagecoach-features"
        )
        onnx.checker.check_model(model, full_check=True)
        serialized: bytes = model.SerializeToString(deterministic=True)
        return serialized


@dataclass(frozen=True)
class Doubles:
    """A tensor of doubles in a graph; arithmetic on it adds nodes."""

    graph: GraphBuilder
    name: str

    def __add__(self, other: "Doubles | int") -> Self:
        return self._add_operator("Add", other)

    def __sub__(self, other: "Doubles | int") -> Self:
        return self._add_operator("Sub", other)

    def __mul__(self, other: int) -> Self:
        return self._add_operator("Mul", other)

    def __truediv__(self, other: int) -> Self:
        return self._add_operator("Div", other)

    def __floordiv__(self, other: int) -> Self:
        quotient = self if other == 1 else self / other
        return type(self)(self.graph, self.graph.add("Floor", quotient.name))

    def _add_operator(self, operator: str, other: "Doubles | int") -> Self:
        name = other.name if isinstance(other, Doubles) else self.graph.double(other)
        return type(self)(self.graph, self.graph.add(operator, self.name, name))
