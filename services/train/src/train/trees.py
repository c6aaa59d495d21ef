"""Tree ensembles in double: what skl2onnx rounds to float32 is written as scikit-learn has it.

A threshold that was rounded up sends a feature which lies on it the other way, and the sum of
some hundred rounded leaves is no longer the native one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, NodeProto, helper, numpy_helper


def write_doubles(node: NodeProto, estimator: Any) -> None:
    """Replace the float32 attributes of a TreeEnsemble node by the estimator's own doubles."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    leaves = "class" if "class_weights" in attributes else "target"
    trees = trees_of(estimator)
    baseline = estimator._baseline_prediction  # noqa: SLF001  # see trees_of
    doubles = {
        "nodes_values": _look_up(trees, "num_threshold", ids=_ids(attributes, "nodes")),
        f"{leaves}_weights": _look_up(trees, "value", ids=_ids(attributes, leaves)),
        "base_values": baseline.ravel(),
    }
    kept = [attribute for attribute in node.attribute if attribute.name not in doubles]
    written = [
        helper.make_attribute(f"{name}_as_tensor", numpy_helper.from_array(values, name))
        for name, values in doubles.items()
    ]
    del node.attribute[:]
    node.attribute.extend([*kept, *written])


def trees_of(estimator: Any) -> list[NDArray[Any]]:
    """Return the nodes of each tree.

    scikit-learn keeps them in private attributes only; the parity gate stands behind this.
    """
    return [tree.nodes for stage in estimator._predictors for tree in stage]  # noqa: SLF001  # see trees_of


def _ids(
    attributes: Mapping[str, AttributeProto], prefix: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the tree and the node in it that each value belongs to."""
    names = (f"{prefix}_treeids", f"{prefix}_nodeids")
    tree, node = (np.array(attributes[name].ints, dtype=np.int64) for name in names)
    return tree, node


def _look_up(
    trees: Sequence[NDArray[Any]], field: str, *, ids: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.float64]:
    tree, node = ids
    starts = np.cumsum([0, *map(len, trees)])
    values = np.concatenate([nodes[field] for nodes in trees])
    return values[starts[tree] + node].astype(np.float64)
