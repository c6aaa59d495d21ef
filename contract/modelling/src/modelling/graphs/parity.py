"""The parity gate: compares the library of the estimator with the served graph."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stage_contract import ContractError

from modelling.graphs.output_heads import INTERVAL_OUTPUTS, QUANTILES
from modelling.graphs.session import Outputs

TOLERANCE = 1e-5
"""Maximum difference of a prediction, as `check_parity` measures it."""

type Parity = dict[str, float]
"""Keys: rows, max_difference and tolerance."""

type ShowRow = Callable[[int], object]
"""Returns the description of a row for a message."""


class ParityError(RuntimeError):
    """The conversion to ONNX is wrong: a bug, never the user's fault."""


def check_parity(
    actual: NDArray[Any], expected: NDArray[Any], *, library: str, show: ShowRow
) -> Parity:
    """Compare probabilities by their difference, numbers by their difference over max(1, |y|).

    Raises:
        ParityError: A row differs by more than the tolerance.
    """
    if actual.shape != expected.shape:
        raise ParityError(f"model.onnx outputs {actual.shape}, {library} {expected.shape}")
    scale = np.maximum(1.0, np.abs(expected)) if expected.ndim == 1 else 1.0
    difference = (np.abs(actual - expected) / scale).reshape(len(actual), -1).max(axis=1)
    worst = int(difference.argmax())
    # The negated form also fails for NaN.
    if not difference[worst] <= TOLERANCE:
        raise ParityError(
            f"model.onnx differs from {library} by {difference[worst]:.2g}, expected"
            f" {TOLERANCE} at most: {actual[worst]} instead of {expected[worst]} for {show(worst)}"
        )
    return {
        "rows": len(actual),
        "max_difference": float(difference[worst]),
        "tolerance": TOLERANCE,
    }


def check_interval_parity(
    outputs: Outputs, expected: NDArray[np.float64], *, library: str, show: ShowRow
) -> None:
    """Compare the ends of intervals, [N,3] with the prediction first.

    An end near 0 is only as exact as the prediction behind it, which may be large.

    Raises:
        ParityError: A row differs by more than the tolerance, or its ends are out of order.
    """
    actual = np.column_stack([outputs[name] for name in INTERVAL_OUTPUTS])
    scale = np.maximum(1.0, np.abs(expected).max(axis=1))
    difference = np.abs(actual - expected).max(axis=1) / scale
    middle, low, high = actual.T
    is_wrong = ~((difference <= TOLERANCE) & (low <= middle) & (middle <= high))
    if is_wrong.any():
        worst = int(is_wrong.argmax())
        raise ParityError(
            f"model.onnx gives {', '.join(INTERVAL_OUTPUTS)} {actual[worst]},"
            f" {library} {expected[worst]} for {show(worst)}"
        )


def check_quantile_parity(
    outputs: Outputs, expected: NDArray[np.float64], *, library: str, show: ShowRow
) -> None:
    """Compare quantiles [N,Q], by their difference over max(1, |y|).

    Raises:
        ParityError: A quantile differs by more than the tolerance, or is below a lower one.
    """
    actual = outputs[QUANTILES]
    if actual.shape != expected.shape:
        raise ParityError(
            f"model.onnx outputs quantiles {actual.shape}, {library} {expected.shape}"
        )
    difference = (np.abs(actual - expected) / np.maximum(1.0, np.abs(expected))).max(axis=1)
    is_wrong = ~((difference <= TOLERANCE) & (np.diff(actual, axis=1) >= 0).all(axis=1))
    if is_wrong.any():
        worst = int(is_wrong.argmax())
        raise ParityError(
            f"model.onnx gives the quantiles {actual[worst]}, {library} {expected[worst]} for"
            f" {show(worst)}"
        )


def check_finite(features: NDArray[np.float32], names: Sequence[str], *, show: ShowRow) -> None:
    """Check that the graph of the features replaces all missing and unseen values.

    Raises:
        ContractError: A feature is not finite.
    """
    wrong = np.argwhere(~np.isfinite(features))
    if wrong.size:
        row, column = wrong[0]
        raise ContractError(
            f"transform.onnx: feature '{names[column]}' is {features[row, column]} for"
            f" {show(row)}; expected a finite number whatever is missing or unseen"
        )


def check_stored(
    stored: NDArray[np.float32], features: NDArray[np.float32], *, names: Sequence[str]
) -> None:
    """Check that test/ equals the output of transform.onnx for test-rows/.

    Raises:
        ContractError: They differ, so training and serving would differ.
    """
    differs = np.argwhere(~np.isclose(stored, features, rtol=1e-5, atol=1e-6))
    if differs.size:
        row, column = differs[0]
        raise ContractError(
            f"test/: feature '{names[column]}' is {stored[row, column]}, but transform.onnx makes"
            f" {features[row, column]} of that row in test-rows/; run features again"
        )
