"""Parity check: the graph equals scikit-learn bit for bit, on real rows and edge cases."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.data.tensors import Tensors, select_rows
from features.preprocessing.edge_cases import edge_case_rows
from features.preprocessing.encoders import Encoders, Plan, as_frame, encode
from features.preprocessing.feature_names import Feature
from features.preprocessing.session import Graph

MAX_ROWS = 20_000
"""Maximum number of real rows to compare; a thousand rows usually show a difference."""


class ParityError(RuntimeError):
    """The graph differs from scikit-learn: a bug of the exporter, not an error of the user."""


def check_parity(
    graph: Graph,
    encoders: Encoders,
    *,
    plan: Plan,
    features: Sequence[Feature],
    sample: Tensors,
) -> None:
    """Compare the graph with scikit-learn.

    Raises:
        ParityError: A feature differs; for the weight of a word, by more than one step of float32.
    """
    for tensors in (select_rows(sample, slice(MAX_ROWS)), edge_case_rows(sample, plan)):
        expected = encode(encoders, as_frame(tensors, plan.inputs), plan)
        actual = graph.run(tensors)
        if actual.shape != expected.shape or actual.shape[1] != len(features):
            raise ParityError(
                f"transform.onnx returns the shape {actual.shape}, scikit-learn {expected.shape};"
                f" {len(features)} features have a name"
            )
        _compare(actual, expected, features=features)


def _compare(
    actual: NDArray[np.float32], expected: NDArray[np.float32], *, features: Sequence[Feature]
) -> None:
    differs = actual.view(np.uint32) != expected.view(np.uint32)
    # The norm of a text sums squares in another order, so allow one step of float32.
    is_word = np.array([feature.role == "word" for feature in features])
    differs &= ~is_word | (np.abs(actual - expected) > np.spacing(expected))
    if not differs.any():
        return
    row, index = np.argwhere(differs)[0]
    names = [
        feature.name
        for feature, is_different in zip(features, differs.any(axis=0), strict=True)
        if is_different
    ]
    raise ParityError(
        f"transform.onnx differs from scikit-learn in {', '.join(names)}: for example"
        f" {features[index].name} is {actual[row, index]!r}, expected {expected[row, index]!r}"
        f" ({np.count_nonzero(differs)} of {differs.size} values)"
    )
