"""model.onnx: LightGBM's trees behind transform.onnx."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, external_data_helper, helper, numpy_helper

OPSETS = {"": 21, "ai.onnx.ml": 3}
TYPES = {"numbers": TensorProto.DOUBLE, "strings": TensorProto.STRING}
LARGEST = np.finfo(np.float32).max


def read_transform(data: bytes, columns: dict[str, int], features: int) -> onnx.ModelProto:
    """Check transform.onnx. Raises ValueError."""
    try:
        model = onnx.load_model_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:  # noqa: BLE001  # protobuf's and the checker's have no common base
        raise ValueError(f"transform.onnx is not a graph: {type(error).__name__}") from None
    for opset in model.opset_import:
        if opset.version > OPSETS.get(opset.domain, opset.version):
            raise ValueError(f"transform.onnx has opset {opset.version} of {opset.domain!r}")
    expected = {name: [TYPES[name], width] for name, width in columns.items()}
    if form(model.graph.input) != expected:
        raise ValueError(f"transform.onnx takes {form(model.graph.input)}, expected {expected}")
    expected = {"features": [TensorProto.FLOAT, features]}
    if form(model.graph.output) != expected:
        raise ValueError(f"transform.onnx gives {form(model.graph.output)}, expected {expected}")
    tensors = external_data_helper._get_all_tensors(model)  # noqa: SLF001  # also those of attributes
    if model.training_info or any(map(external_data_helper.uses_external_data, tensors)):
        raise ValueError("transform.onnx must be one file without training_info")
    return model


def form(values: Any) -> dict[str, list[int]]:
    types = {value.name: value.type.tensor_type for value in values}
    return {name: [t.elem_type, t.shape.dim[-1].dim_value] for name, t in types.items()}


def tree_ensemble(dump: dict[str, Any], scale: float, center: float) -> onnx.NodeProto:
    """Make one node of all trees, in double: only its sum is rounded to float32."""
    outputs = dump["num_tree_per_iteration"]
    nodes: list[tuple[int, int, int, str, float, int, int]] = []
    leaves: list[tuple[int, int, int, float]] = []

    def add(number: int, node: dict[str, Any]) -> int:
        place = len(nodes)
        identifier = place - start
        if "split_index" not in node:
            nodes.append((number, identifier, 0, "LEAF", 0.0, 0, 0))
            leaves.append((number, identifier, number % outputs, node["leaf_value"] * scale))
            return identifier
        nodes.append((number, identifier, 0, "", 0.0, 0, 0))
        split = float32_below(node["threshold"])
        yes, no = add(number, node["left_child"]), add(number, node["right_child"])
        nodes[place] = (number, identifier, node["split_feature"], "BRANCH_LEQ", split, yes, no)
        return identifier

    for number, tree in enumerate(dump["tree_info"]):
        start = len(nodes)
        add(number, tree["tree_structure"])
    trees, ids, features, modes, splits, yes, no = zip(*nodes, strict=True)
    leaf_trees, leaf_ids, targets, weights = zip(*leaves, strict=True)
    return helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        ["sums"],
        domain="ai.onnx.ml",
        n_targets=outputs,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values_as_tensor=doubles([center] * outputs),
        nodes_treeids=trees,
        nodes_nodeids=ids,
        nodes_featureids=features,
        nodes_modes=modes,
        nodes_values_as_tensor=doubles(splits),
        nodes_truenodeids=yes,
        nodes_falsenodeids=no,
        nodes_missing_value_tracks_true=[0] * len(nodes),
        target_treeids=leaf_trees,
        target_nodeids=leaf_ids,
        target_ids=targets,
        target_weights_as_tensor=doubles(weights),
    )


def doubles(values: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.float64))


def float32_below(threshold: float) -> float:
    """Round down: a float32 is at most the threshold if it is at most this."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))


def model_graph(
    transform: onnx.ModelProto,
    dump: dict[str, Any],
    classes: int,
    logarithm: str | None,
    line: tuple[float, float],
) -> onnx.ModelProto:
    model = compose.add_prefix(transform, "transform/", rename_inputs=False)
    versions = {opset.domain: opset.version for opset in model.opset_import}
    versions.setdefault("", 21)
    versions["ai.onnx.ml"] = OPSETS["ai.onnx.ml"]
    del model.opset_import[:], model.graph.output[:]
    model.opset_import.extend(helper.make_opsetid(*item) for item in versions.items())
    model.producer_name, model.producer_version = "train-lightgbm", "1.0.0"

    def add(kind: str, *names: str, **attributes: Any) -> None:
        *inputs, output = names
        model.graph.node.append(helper.make_node(kind, inputs, [output], **attributes))

    def constant(name: str, value: Any) -> str:
        add("Constant", name, value=numpy_helper.from_array(np.array(value)))
        return name

    add("Cast", "transform/features", "x", to=TensorProto.DOUBLE)
    model.graph.node.append(tree_ensemble(dump, *line))
    if classes:
        add("Softmax", "sums", "probabilities", axis=1)
        add("ArgMax", "probabilities", "label", axis=1, keepdims=0)
        outputs: list[Any] = [("label", TensorProto.INT64, ["N"])]
        outputs.append(("probabilities", TensorProto.FLOAT, ["N", classes]))
    else:
        add("Cast", "sums", "value", to=TensorProto.DOUBLE)
        if logarithm:
            add("Exp", "value", "exp")
        if logarithm == "log1p":
            add("Sub", "exp", constant("one", 1.0), "exp - 1")
        last = {"log": "exp", "log1p": "exp - 1", None: "value"}[logarithm]
        add("Cast", last, "narrow", to=TensorProto.FLOAT)
        add("Clip", "narrow", constant("lowest", -LARGEST), constant("largest", LARGEST), "finite")
        add("Reshape", "finite", constant("flat", [-1]), "prediction")
        outputs = [("prediction", TensorProto.FLOAT, ["N"])]
    model.graph.output.extend(helper.make_tensor_value_info(*output) for output in outputs)
    onnx.checker.check_model(model, full_check=True)
    return model
