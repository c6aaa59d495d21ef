"""The ONNX model in MLflow's format, checked against the model's own examples."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime as ort
from mlflow.models import Model
from mlflow.models.signature import ModelSignature
from mlflow.types.schema import ColSpec, Schema
from stage_contract import ContractError

from track.columns import Column, columns_of
from track.frames import feed_of, frame_of, is_complete
from track.graphs import named_graph, output_names
from track.published import Published

MODEL_NAME: Final = "model"
_LIBRARIES: Final = ("onnx", "onnxruntime", "numpy", "pandas")
_SHOWN_EXAMPLES: Final = 5
_RESULTS: Final = {"str": "string", "int": "long", "bool": "boolean"}


class NamedModel:
    """A model's graph with named columns, its signature and its example rows."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self.document = published.document
        signature = self.document["signature"]
        self.columns = columns_of(signature)
        self.kinds = {field["name"]: field["type"] for field in signature["fields"]}
        original = onnx.load_model(str(published.artifact.file("model.onnx")))
        self.graph = named_graph(original, self.document, self.columns)
        self.examples = [e for e in published.examples() if is_complete(e["row"], self.columns)]

    def check(self) -> None:
        """Compare with the expected outputs of the examples.

        Raises:
            ContractError: An output differs, so the model may not be logged.
        """
        if not self.examples:
            return
        frame = frame_of([e["row"] for e in self.examples], self.columns, self.kinds)
        ort.disable_telemetry_events()
        session = ort.InferenceSession(self.graph.SerializeToString())
        found = session.run(None, feed_of(frame))
        numbers = np.column_stack(found[1:] if self.document["classes"] else found)
        expected = np.array([_numbers_of(e) for e in self.examples], dtype=np.float64)
        apart = np.abs(numbers.astype(np.float64) - expected)
        # Relative to the largest number of an interval, as in serve's admission test.
        size = np.maximum(1, np.abs(expected).max(axis=1, keepdims=True))
        worst = float(np.max(apart / size))
        if not worst <= self.document["parity"]["tolerance"]:
            path = self._published.artifact.path
            raise ContractError(
                f"{path}: with named columns its graph differs by {worst:.2g} from examples.jsonl;"
                " expected the same numbers, so it is not logged: train it again"
            )

    def signature(self) -> Any:
        """Return MLflow's signature: named columns in, named values out."""
        return ModelSignature(
            inputs=Schema([ColSpec(column.type, column.name) for column in self.columns]),
            outputs=Schema([ColSpec(kind, name) for name, kind in self._outputs()]),
        )

    def log(self, run_id: str, *, tags: Mapping[str, str]) -> str:
        """Log the model to a run; return its id there."""
        from mlflow import onnx as flavor  # noqa: PLC0415  # its name is that of the library

        rows = [e["row"] for e in self.examples[:_SHOWN_EXAMPLES]]
        info = Model.log(
            artifact_path=None,
            name=MODEL_NAME,
            flavor=flavor,
            run_id=run_id,
            tags=dict(tags),
            onnx_model=self.graph,
            signature=self.signature(),
            input_example=frame_of(rows, self.columns, self.kinds) if rows else None,
            pip_requirements=_requirements(),
            onnx_execution_providers=["CPUExecutionProvider"],
            metadata={"stagecoach": dict(tags)},
            save_as_external_data=False,
        )
        return str(info.model_id)

    def _outputs(self) -> Sequence[tuple[str, str]]:
        target, *others = output_names(self.document, used=_names(self.columns))
        classes = self.document["classes"]
        first = _RESULTS[type(classes[0]).__name__] if classes else "float"
        return [(target, first), *((name, "float") for name in others)]


def _numbers_of(example: Mapping[str, Any]) -> list[float]:
    """Return the expected numbers of an example: a number and its bounds, or probabilities."""
    expected = example["expected"]
    if isinstance(expected, list):
        return expected
    return [expected, *example.get("interval", []), *example.get("quantiles", [])]


def _names(columns: Sequence[Column]) -> set[str]:
    return {column.name for column in columns}


def _requirements() -> list[str]:
    """Return the packages for a server of this model: the full mlflow instead of mlflow-skinny."""
    return [f"mlflow=={version('mlflow-skinny')}", *(f"{n}=={version(n)}" for n in _LIBRARIES)]
