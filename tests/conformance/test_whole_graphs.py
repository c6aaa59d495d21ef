"""The kit on graphs that are not all of their model: each is a fault."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES
from conformance.models.graphs import open_graph
from onnx import ModelProto, TensorProto, numpy_helper


def train(model: ModelProto) -> None:
    model.training_info.add().algorithm.CopyFrom(model.graph)


def keep_elsewhere(model: ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(1, np.float32), "elsewhere")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    model.graph.initializer.append(tensor)


@pytest.mark.parametrize(
    ("change", "said"), [(train, "has training_info"), (keep_elsewhere, "can't be loaded")]
)
def test_a_graph_with_parts_that_are_not_served_from_it_is_a_fault(
    tmp_path: Path, change: Callable[[ModelProto], None], said: str
) -> None:
    [source] = EXAMPLES.glob("model/*/model.onnx")
    model = onnx.load(source)
    change(model)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())

    with pytest.raises(Fault, match=said):
        open_graph(tmp_path / "model.onnx")
