"""examples.jsonl: rows with expected outputs, which a model must reproduce before it goes live."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from stage_contract import ContractError

from serve.codecs.rows import Feed, Rows
from serve.model.graph.session import Graph
from serve.model.refusals import RefusedError
from serve.problems import RequestError
from serve.runtime.memory import is_out_of_memory
from serve.schema.cells import Rules
from serve.schema.values import Value

TOLERANCE = 1e-5
"""Tolerance relative to max(1, |y|); absolute for probabilities."""


class Example(msgspec.Struct, frozen=True):
    """A held-out row, and its number or probabilities as computed by train."""

    row: dict[str, Any]
    expected: float | list[float]
    interval: tuple[float, float] | None = None
    """The ends of the interval, if the model has one."""
    quantiles: tuple[float, ...] | None = None
    """The quantiles in the order of their levels, if the model has any."""

    @property
    def answer(self) -> float | list[float]:
        """The expected outputs of the graph."""
        further = self.interval or self.quantiles
        if further is None or isinstance(self.expected, list):
            return self.expected
        return [self.expected, *further]


def read_examples(lines: bytes) -> list[Example]:
    """Read examples.jsonl.

    Raises:
        ContractError: It does not match the contract.
    """
    try:
        examples = msgspec.json.Decoder(Example).decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"examples.jsonl: {error}; update the image that trains") from None
    if not examples:
        raise ContractError("examples.jsonl: empty, so nothing shows that the model works")
    return examples


def clean_examples(examples: Sequence[Example], rows: Rows) -> Feed:
    """Return the graph's inputs.

    Raises:
        RefusedError: An example breaks a rule.
    """
    try:
        return rows.clean([example.row for example in examples], _read)
    except RequestError as error:
        first = error.errors[0]
        raise RefusedError(
            "examples",
            f"examples.jsonl: line {first.row}, column {first.column}: expected {first.expected}",
        ) from None


def _read(rules: Rules, value: object) -> Value:
    """Read a cell of an example; private values are always missing, even required ones."""
    return rules.absent if rules.column.private and value is None else rules.from_json(value)


def run_examples(feed: Feed, graph: Graph) -> NDArray[np.float64]:
    """Run the graph on the examples.

    Raises:
        RefusedError: The graph fails.
    """
    try:
        return graph.run(feed).values.astype(np.float64)
    except Exception as error:  # The errors of ONNX Runtime share no base class.
        if is_out_of_memory(error):
            raise MemoryError from error
        raise _failed(error) from None


def replay(examples: Sequence[Example], feed: Feed, graph: Graph) -> None:
    """Run the graph on the examples in this process, which will serve it.

    Raises:
        RefusedError: An output differs from the expected one.
    """
    found = run_examples(feed, graph)
    try:
        expected = np.array([example.answer for example in examples], np.float64)
        found = found.reshape(expected.shape)
    except ValueError as error:
        raise _failed(error) from None
    size = np.abs(expected).reshape(len(examples), -1).max(axis=1, keepdims=True)
    # The end of an interval is only as exact as its prediction.
    difference = np.abs(found - expected).reshape(len(examples), -1) / np.maximum(1, size)
    # The negated form also fails for NaN.
    wrong = ~(difference <= TOLERANCE).all(axis=1)
    if wrong.any():
        line = int(wrong.argmax())
        raise RefusedError(
            "examples",
            f"examples.jsonl: line {line + 1} of {len(examples)} gives {found[line].tolist()} here,"
            f" expected {expected[line].tolist()}; {int(wrong.sum())} lines differ",
        )


def _failed(error: Exception) -> RefusedError:
    reason = str(error).partition("\n")[0]
    return RefusedError("examples", f"model.onnx: fails on its examples: {reason}")
