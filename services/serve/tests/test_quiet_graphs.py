"""ONNX Runtime writes nothing to the log: its lines hold names of the model as they are."""

from pathlib import Path

import numpy as np
import pytest
from graph_nodes import before_the_output
from onnx import ModelProto, helper
from serve.model.admission_process import make_trials
from serve.model.refusals import Fault
from serve.settings import Settings
from serve_testing.made_models import DIAMONDS, MadeModel, publish_model

FORGED = "\x1b[2J\nserve     live: model forged\u202e"


class Failing(MadeModel):
    """A model whose graph fails when it runs, in a node of a hostile name."""

    def graph(self) -> ModelProto:
        graph = super().graph()
        nodes = [
            helper.make_node("Reshape", ["two", "five"], ["wrong"], name=FORGED),
            helper.make_node("ReduceSum", ["wrong"], ["nothing"], keepdims=0),
        ]
        before_the_output(graph, nodes, {"two": np.float32([1, 2]), "five": [5]})
        return graph


def test_a_node_of_a_model_that_fails_forges_no_line_of_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    facts = {name: getattr(DIAMONDS, name) for name in DIAMONDS.__dataclass_fields__}
    model = Failing(**facts | {"expected": [1.0] * len(DIAMONDS.rows)})
    name = publish_model(tmp_path, model)

    verdict = make_trials(tmp_path, Settings(), name="test").try_here(name, None)

    written = capfd.readouterr()
    assert isinstance(verdict, Fault)
    assert "Reshape" in verdict.reason
    assert (written.out, written.err) == ("", "")
