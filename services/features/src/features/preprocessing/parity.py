"""The parity check: the graph equals scikit-learn bit by bit, on real rows and edge cases."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.data.tensors import Tensors, rows_of
from features.preprocessing.edge_cases import edge_case_rows
from features.preprocessing.encoders import Encoders, Plan, as_frame, encode
from features.preprocessing.feature_names import Feature
from features.preprocessing.session import Graph

ROWS_MAX = 20_000
"""Maximum number of real rows to compare; differences show in the first thousand."""


class ParityError(RuntimeError):
    """The exporter has a bug; it is not an error of the user."""


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
        ParityError: a bit differs; or a word's weight, by more than one step of float32.
    """
    for tensors in (rows_of(sample, slice(ROWS_MAX)), edge_case_rows(sample, plan)):
        expected = encode(encoders, as_frame(tensors, plan.inputs), plan)
        found = graph.run(tensors)
        if found.shape != expected.shape or found.shape[1] != len(features):
            raise ParityError(
                f"the graph makes {found.shape} features, scikit-learn {expected.shape},"
                f" {len(features)} have a name"
            )
        _compare(found, expected, features=features)


def _compare(
    found: NDArray[np.float32], expected: NDArray[np.float32], *, features: Sequence[Feature]
) -> None:
    differs = found.view(np.uint32) != expected.view(np.uint32)
    # The squares of a text's words are added up in another order: one step of float32 at most.
    is_word = np.array([feature.role == "word" for feature in features])
    differs &= ~is_word | (np.abs(found - expected) > np.spacing(expected))
    if not differs.any():
        return
    row, place = np.argwhere(differs)[0]
    names = [
        feature.name for feature, wrong in zip(features, differs.any(axis=0), strict=True) if wrong
    ]
    raise ParityError(
        f"transform.onnx differs from scikit-learn in {', '.join(names)}: for example"
        f" {features[place].name} is {found[row, place]!r}, expected {expected[row, place]!r}"
        f" ({np.count_nonzero(differs)} of {differs.size} values)"
    )
