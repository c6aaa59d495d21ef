"""examples.jsonl: rows with what the model must answer, replayed before it goes live."""

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
"""Relative to max(1, |y|): absolute for probabilities."""


class Example(msgspec.Struct, frozen=True):
    """A held-out row, and the number or the probabilities that train got for it."""

    row: dict[str, Any]
    expected: float | list[float]
    interval: tuple[float, float] | None = None
    """The ends, where the model has such."""

    @property
    def answer(self) -> float | list[float]:
        """All that the graph is to say."""
        if self.interval is None or isinstance(self.expected, list):
            return self.expected
        return [self.expected, *self.interval]


def read_examples(lines: bytes) -> list[Example]:
    """Read examples.jsonl.

    Raises:
        ContractError: it is not what the contract says.
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
        RefusedError: an example breaks a rule.
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
    """Read a cell of an example; not even required values of private columns are in them."""
    return rules.absent if rules.column.private and value is None else rules.from_json(value)


def run_examples(feed: Feed, graph: Graph) -> NDArray[np.float64]:
    """Let the graph answer examples.

    Raises:
        RefusedError: it can't.
    """
    try:
        return graph.run(feed).values.astype(np.float64)
    except Exception as error:  # errors of ONNX Runtime share no base class
        if is_out_of_memory(error):
            raise MemoryError from error
        raise _failed(error) from None


def replay(examples: Sequence[Example], feed: Feed, graph: Graph) -> None:
    """Let the graph answer the examples here, in the process that will serve it.

    Raises:
        RefusedError: an answer is not the expected one.
    """
    found = run_examples(feed, graph)
    try:
        expected = np.array([example.answer for example in examples], np.float64)
        found = found.reshape(expected.shape)
    except ValueError as error:
        raise _failed(error) from None
    size = np.abs(expected).reshape(len(examples), -1).max(axis=1, keepdims=True)
    # An end of an interval is as exact as the number beside it.
    difference = np.abs(found - expected).reshape(len(examples), -1) / np.maximum(1, size)
    # NaN is not within the tolerance either.
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
