"""Models that are made to harm: graphs, documents, and what is no file. None may stop a server."""

import json
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from made_models import DIAMONDS
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper
from stage_contract.publishing import open_draft, publish
from stage_contract.volumes import write_text

type Make = Callable[[Path, str], str | None]
"""Puts something onto a volume and lets LATEST name it; returns the id that is refused."""

ROWS = [
    {"carat": 0.23, "depth": 61.5, "cut": "Ideal", "color": None},
    {"carat": 1.5, "depth": None, "cut": "Good", "color": "Fair"},
]
_MANIFEST = {
    "contract": "1.0",
    "kind": "model",
    "stage": {"name": "train", "version": "0"},
    "settings": "{}",
    "inputs": [{"kind": "feature-data", "content": "f" * 64}],
    "lineage": [{"source": "diamonds.csv", "bytes": 1, "sha256": "0" * 64}],
    "rows": 100,
    "metrics": {"rejected": 0},
}
_LARGEST = 2**63 - 1


def right_files() -> dict[str, bytes]:
    """Return the files of a model that is right."""
    examples = [
        {"row": row, "expected": expected}
        for row, expected in zip(ROWS, (322.0, 1521.0), strict=True)
    ]
    return {
        "model.onnx": DIAMONDS.graph().SerializeToString(),
        "model.json": json.dumps(DIAMONDS.document()).encode(),
        "examples.jsonl": "".join(json.dumps(each) + "\n" for each in examples).encode(),
        "reference.json": b"{}",
    }


def publish_files(volume: Path, name: str, files: Mapping[str, bytes], **verdict: Any) -> str:
    """Publish a model of these files, with hashes that are right."""
    with open_draft(volume) as draft:
        for path, content in files.items():
            (draft.path / path).write_bytes(content)
        draft.verdict = {"accepted": True, **verdict}
        return publish(draft, volume, _MANIFEST | {"id": name}, run={}).id


def with_files(**changes: bytes) -> Make:
    """Return what publishes a model with other files, whose dots are underscores here."""

    def make(volume: Path, name: str) -> str:
        changed = {path.replace("__", "."): content for path, content in changes.items()}
        return publish_files(volume, name, right_files() | changed)

    return make


def with_graph(change: Callable[[ModelProto], object]) -> Make:
    def make(volume: Path, name: str) -> str:
        graph = DIAMONDS.graph()
        change(graph)
        content = graph.SerializeToString()
        return publish_files(volume, name, right_files() | {"model.onnx": content})

    return make


def with_document(**changes: Any) -> Make:
    document = json.dumps(DIAMONDS.document() | changes).encode()
    return with_files(model__json=document)


def with_field(**changes: Any) -> Make:
    first, *others = DIAMONDS.fields
    signature = DIAMONDS.document()["signature"]
    return with_document(signature=signature | {"fields": [first | changes, *others]})


def spoiled(spoil: Callable[[Path], object]) -> Make:
    """Return what spoils a right model before LATEST names it."""

    def make(volume: Path, name: str) -> str:
        aside = volume.with_name("aside")
        aside.mkdir(exist_ok=True)
        publish_files(aside, name, right_files())
        (aside / name).rename(volume / name)
        spoil(volume / name)
        write_text(volume / "LATEST", f"{name}\n")
        return name

    return make


def pointing(place: Callable[[Path], object]) -> Make:
    """Return what puts something in place of LATEST."""

    def make(volume: Path, _name: str) -> None:
        aside = volume / "aside"
        place(aside)
        latest = volume / "LATEST"
        latest.unlink(missing_ok=True)
        aside.rename(latest)

    return make


def in_place_of(name: str, place: Callable[[Path], object]) -> Make:
    """Return what puts something in place of a file of an artifact."""

    def spoil(artifact: Path) -> None:
        (artifact / name).unlink(missing_ok=True)
        place(artifact / name)

    return spoiled(spoil)


# What is no file.


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def without_an_end(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "pipe": pipe,
    "socket": unix_socket,
    "link": link_to_zeros,
    "folder": Path.mkdir,
    "terabyte": without_an_end,
}


# Graphs.


def before_the_output(graph: ModelProto, nodes: list[Any], constants: dict[str, Any]) -> None:
    """Add nodes of which the last makes `nothing`, which is added to the prediction."""
    last = graph.graph.node[-1]
    result, last.output[0] = last.output[0], "quick"
    for name, value in constants.items():
        graph.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    graph.graph.node.extend([*nodes, helper.make_node("Add", ["quick", "nothing"], [result])])


def folded_bomb(elements: int) -> Callable[[ModelProto], None]:
    """Return what adds zeros that are made, and summed, when the graph is loaded."""

    def change(graph: ModelProto) -> None:
        nodes = [
            helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["nothing"], keepdims=0),
        ]
        before_the_output(graph, nodes, {"shape": [elements]})

    return change


def kept_bomb(graph: ModelProto) -> None:
    """Add zeros that are made when the graph is loaded, and stay."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("Shape", ["quick"], ["rows"]),
        helper.make_node("Gather", ["zeros", "rows"], ["nothing"]),
    ]
    before_the_output(graph, nodes, {"shape": [30_000_000]})


def bomb_at_run(graph: ModelProto) -> None:
    """Add zeros that are made whenever the graph runs."""
    nodes = [
        helper.make_node("ReduceSum", ["quick"], ["total"], keepdims=0),
        helper.make_node("Expand", ["total", "size"], ["wide"]),
        helper.make_node("ReduceMin", ["wide"], ["least"], keepdims=0),
        helper.make_node("Mul", ["least", "none"], ["nothing"]),
    ]
    before_the_output(graph, nodes, {"size": [2_000_000_000], "none": np.float32(0)})


def slow_to_load(graph: ModelProto) -> None:
    """Add products of matrices that are made when the graph is loaded."""
    nodes = [helper.make_node("ConstantOfShape", ["size"], ["m0"])]
    for number in range(500):
        step = [f"m{number}", f"m{number}"]
        nodes.append(helper.make_node("MatMul", step, [f"m{number + 1}"]))
    nodes.append(helper.make_node("ReduceSum", ["m500"], ["nothing"], keepdims=0))
    before_the_output(graph, nodes, {"size": [1500, 1500]})


def endless(graph: ModelProto) -> None:
    """Add a loop without an end."""
    condition = helper.make_tensor_value_info("go_on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Identity", ["carried"], ["carries"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            condition,
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carries", TensorProto.FLOAT, []),
        ],
    )
    nodes = [helper.make_node("Loop", ["turns", "yes", "none"], ["nothing"], body=body)]
    constants = {"turns": np.int64(_LARGEST), "yes": np.bool_(1), "none": np.float32(0)}
    before_the_output(graph, nodes, constants)


def growing_loop(graph: ModelProto) -> None:
    """Add a loop that doubles what it carries."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Concat", ["carried", "carried"], ["carries"], axis=0),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, [None]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carries", TensorProto.FLOAT, [None]),
        ],
    )
    nodes = [
        helper.make_node("Loop", ["turns", "yes", "some"], ["many"], body=body),
        helper.make_node("ReduceSum", ["many"], ["nothing"], keepdims=0),
    ]
    constants = {"turns": np.int64(60), "yes": np.bool_(1), "some": np.zeros(2, np.float32)}
    before_the_output(graph, nodes, constants)


def many_nodes(graph: ModelProto) -> None:
    names = ["quick", *(f"n{number}" for number in range(50_000))]
    nodes = [helper.make_node("Abs", [before], [after]) for before, after in pairwise(names)]
    nodes.append(helper.make_node("Sub", [names[-1], names[-1]], ["nothing"]))
    before_the_output(graph, nodes, {})


def deeply_nested(graph: ModelProto) -> None:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["quick"], ["out"])],
        "inner",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None])],
    )
    for _ in range(40):
        node = helper.make_node("If", ["yes"], ["out"], then_branch=inner, else_branch=inner)
        output = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None])]
        inner = helper.make_graph([node], "outer", [], output)
        if inner.ByteSize() > 3_000_000:
            break
    nodes = [helper.make_node("If", ["yes"], ["nothing"], then_branch=inner, else_branch=inner)]
    before_the_output(graph, nodes, {"yes": np.bool_(1)})


def unequal_by_chance(graph: ModelProto) -> None:
    nodes = [
        helper.make_node("RandomNormal", [], ["noise"], shape=[1], scale=1000.0),
        helper.make_node("Mul", ["noise", "one_float"], ["nothing"]),
    ]
    before_the_output(graph, nodes, {"one_float": np.float32(1)})


def not_a_number(graph: ModelProto) -> None:
    before_the_output(
        graph,
        [helper.make_node("Div", ["zero_float", "zero_float"], ["nothing"])],
        {"zero_float": np.float32(0)},
    )


def more_dimensions(graph: ModelProto) -> None:
    tensor = graph.graph.initializer.add()
    tensor.name, tensor.data_type = "vast", TensorProto.FLOAT
    tensor.dims.extend([2**20, 2**20])
    nodes = [helper.make_node("ReduceSum", ["vast"], ["nothing"], keepdims=0)]
    before_the_output(graph, nodes, {})


def elsewhere(tensor: TensorProto, location: str = "weights.bin") -> TensorProto:
    """Let the data of a tensor lie in another file."""
    for key in ("raw_data", "float_data", "double_data", "int64_data"):
        tensor.ClearField(key)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def _nothing_elsewhere(location: str = "weights.bin") -> TensorProto:
    return elsewhere(numpy_helper.from_array(np.zeros(1, np.float32), "nothing"), location)


def external_initializer(location: str) -> Callable[[ModelProto], None]:
    def change(graph: ModelProto) -> None:
        before_the_output(graph, [], {})
        graph.graph.initializer.append(_nothing_elsewhere(location))

    return change


def external_constant(graph: ModelProto) -> None:
    node = helper.make_node("Constant", [], ["nothing"], value=_nothing_elsewhere())
    before_the_output(graph, [node], {})


def external_in_subgraph(graph: ModelProto) -> None:
    output = [helper.make_tensor_value_info("inside", TensorProto.FLOAT, [1])]
    tensor = _nothing_elsewhere()
    tensor.name = "inside"
    inner = helper.make_graph([], "inner", [], output, [tensor])
    node = helper.make_node("If", ["yes"], ["nothing"], then_branch=inner, else_branch=inner)
    before_the_output(graph, [node], {"yes": np.bool_(1)})


def external_sparse(graph: ModelProto) -> None:
    values, indices = _nothing_elsewhere(), numpy_helper.from_array(np.zeros(1, np.int64), "i")
    graph.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [1]))
    before_the_output(graph, [], {})


def external_in_list_of_tensors(graph: ModelProto) -> None:
    attribute = AttributeProto(name="spare", type=AttributeProto.TENSORS)
    attribute.tensors.append(_nothing_elsewhere())
    graph.graph.node[0].attribute.append(attribute)


def external_in_function(graph: ModelProto) -> None:
    node = helper.make_node("Constant", [], ["out"], value=_nothing_elsewhere())
    opsets = [helper.make_opsetid("", 21)]
    graph.functions.append(helper.make_function("ai.onnx.ml", "F", [], ["out"], [node], opsets))
    call = helper.make_node("F", [], ["nothing"], domain="ai.onnx.ml")
    before_the_output(graph, [call], {})


def newer_in_function(graph: ModelProto) -> None:
    node = helper.make_node("Constant", [], ["out"], value_float=0.0)
    opsets = [helper.make_opsetid("", 22)]
    graph.functions.append(helper.make_function("ai.onnx.ml", "F", [], ["out"], [node], opsets))
    call = helper.make_node("F", [], ["nothing"], domain="ai.onnx.ml")
    before_the_output(graph, [call], {})


def foreign_node(graph: ModelProto) -> None:
    node = helper.make_node("Gelu", ["quick"], ["nothing"], domain="com.microsoft")
    before_the_output(graph, [node], {})


def opset_twice(graph: ModelProto) -> None:
    graph.opset_import.insert(0, helper.make_opsetid("", 23))


def foreign_domain(graph: ModelProto) -> None:
    foreign_node(graph)
    graph.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def training(graph: ModelProto) -> None:
    graph.training_info.add().algorithm.CopyFrom(graph.graph)


def cycle(graph: ModelProto) -> None:
    before_the_output(graph, [helper.make_node("Identity", ["prediction"], ["nothing"])], {})


def empty(graph: ModelProto) -> None:
    graph.ClearField("graph")


GRAPHS: dict[str, Callable[[ModelProto], object]] = {
    "1.28 GB folded": folded_bomb(320_000_000),
    "16 GB folded": folded_bomb(4_000_000_000),
    "more than there is folded": folded_bomb(_LARGEST // 8),
    "120 MB kept": kept_bomb,
    "8 GB at run": bomb_at_run,
    "slow to load": slow_to_load,
    "endless": endless,
    "growing loop": growing_loop,
    "many nodes": many_nodes,
    "deeply nested": deeply_nested,
    "unequal by chance": unequal_by_chance,
    "not a number": not_a_number,
    "more dimensions than data": more_dimensions,
    "external data": external_initializer("weights.bin"),
    "external data in a folder above": external_initializer("../other/weights.bin"),
    "external data at /etc": external_initializer("/etc/hostname"),
    "external data in a constant": external_constant,
    "external data in a subgraph": external_in_subgraph,
    "external data in a sparse tensor": external_sparse,
    "external data in a list of tensors": external_in_list_of_tensors,
    "external data in a function": external_in_function,
    "newer operators in a function": newer_in_function,
    "node of a foreign domain": foreign_node,
    "foreign domain": foreign_domain,
    "operator set twice": opset_twice,
    "training": training,
    "cycle": cycle,
    "no graph": empty,
}

_DEEP = b"[" * 200_000
_ORT_FORMAT = b"\x12\x30\x00\x00ORTM" + b"\0" * 60


def late(make: Callable[[], Make]) -> Make:
    """Return what makes large contents only when they are wanted."""
    return lambda volume, name: make()(volume, name)  # noqa: PLW0108  # not before it is called


def many_columns() -> Make:
    first = DIAMONDS.fields[0]
    fields = [
        first | {"name": f"c{number}", "input": {"group": "numbers", "index": number}}
        for number in range(20_000)
    ]
    signature = DIAMONDS.document()["signature"]
    return with_document(signature=signature | {"fields": fields})


DOCUMENTS: dict[str, Make] = {
    "model.json nested": with_files(model__json=b'{"task": ' + _DEEP),
    "model.json with nested extras": with_files(
        model__json=b'{"extra": ' + _DEEP + b"]" * 200_000 + b"}"
    ),
    "model.json empty": with_files(model__json=b""),
    "model.json null": with_files(model__json=b"null"),
    "model.json of 100 MB": late(
        lambda: with_files(model__json=b'{"a":"' + b"x" * 100_000_000 + b'"}')
    ),
    "model.json of many numbers": late(lambda: with_document(extra=[1.5] * 4_000_000)),
    "model.json in another encoding": with_files(model__json="ü".encode("utf-16")),
    "many columns": late(many_columns),
    "pattern that explodes": with_field(constraints={"pattern": "(((a{100}){100}){100}){100}"}),
    "pattern that is none": with_field(constraints={"pattern": "("}),
    "time zone elsewhere": with_document(
        signature=DIAMONDS.document()["signature"] | {"timezone": "../../../etc/passwd"}
    ),
    "format that is none": with_field(type="datetime", format="%Q" * 1000),
    "observed that is none": with_field(observed={"quantiles": "x", "example": {"a": [[]]}}),
    "negative index": with_field(input={"group": "numbers", "index": -1}),
    "vast index": with_field(input={"group": "numbers", "index": 10**30}),
    "examples nested": with_files(examples__jsonl=b'{"row": ' + _DEEP),
    "examples of 100 MB": late(
        lambda: with_files(
            examples__jsonl=b'{"row": {"cut": "' + b"x" * 100_000_000 + b'"}, "expected": 1}\n'
        )
    ),
    "many examples": late(
        lambda: with_files(examples__jsonl=right_files()["examples.jsonl"] * 500_000)
    ),
    "examples of other widths": with_files(
        examples__jsonl=b'{"row": {}, "expected": [1]}\n{"row": {}, "expected": [1, 2]}\n'
    ),
    "examples null": with_files(examples__jsonl=b"null\n"),
    "vast number in an example": with_files(
        examples__jsonl=b'{"row": {"carat": 1' + b"0" * 5000 + b', "cut": "Ideal"}, "expected": 1}'
    ),
    "page of 20 MB": late(lambda: with_files(report__html=b" " * 20_000_000)),
    "graph of ONNX Runtime's own format": with_files(
        model__onnx=b"\x12\x30\x00\x00ORTM" + b"\0" * 60
    ),
    "graph of zeros": with_files(model__onnx=b"\0" * 1000),
    "graph of ones": with_files(model__onnx=b"\xff" * 1000),
    "graph of 30 MB": late(
        lambda: with_files(model__onnx=b"\x12\x80\x87\xa7\x0e" + b"a" * 30_000_000)
    ),
}


def _many_files(artifact: Path) -> None:
    for number in range(5000):
        (artifact / f"extra{number}").touch()


def _is_link(artifact: Path) -> None:
    real = artifact.with_name("real")
    artifact.rename(real)
    artifact.symlink_to(real)


def _is_file(artifact: Path) -> None:
    for path in artifact.iterdir():
        path.unlink()
    artifact.rmdir()
    artifact.touch()


def _manifest(change: Callable[[dict[str, Any]], object]) -> Make:
    def spoil(artifact: Path) -> None:
        path = artifact / "manifest.json"
        manifest = json.loads(path.read_bytes())
        change(manifest)
        path.write_text(json.dumps(manifest))

    return spoiled(spoil)


def _written(name: str, content: bytes) -> Make:
    return spoiled(lambda artifact: (artifact / name).write_bytes(content))


VOLUMES: dict[str, Make] = {
    **{f"LATEST is a {kind}": pointing(place) for kind, place in NO_FILES.items()},
    "LATEST names a folder above": pointing(lambda path: path.write_text("../../../../etc/")),
    "LATEST names nothing that is there": spoiled(shutil.rmtree),
    **{
        f"{name} is a {kind}": in_place_of(name, place)
        for name in ("manifest.json", "model.onnx")
        for kind, place in NO_FILES.items()
    },
    **{
        f"{name} is a {kind}": in_place_of(name, NO_FILES[kind])
        for name in ("model.json", "examples.jsonl", "run.json", "verdict.json")
        for kind in ("pipe", "terabyte")
    },
    "many files": spoiled(_many_files),
    "artifact is a link": spoiled(_is_link),
    "artifact is a file": spoiled(_is_file),
    "manifest nested": _written("manifest.json", _DEEP),
    "run.json nested": _written("run.json", _DEEP),
    "run.json a list": _written("run.json", b"[1]"),
    "verdict.json no JSON": _written("verdict.json", b"\xff{"),
    "verdict.json a text": _written("verdict.json", b'"accepted"'),
    "manifest of a file twice": _manifest(lambda m: m["files"].append(m["files"][0])),
    "manifest of a file above": _manifest(lambda m: m["files"][0].update(path="../LATEST")),
    "manifest of less than nothing": _manifest(lambda m: m["files"][0].update(bytes=-1)),
    "manifest of null": _manifest(lambda m: m.update(files=[None])),
    "manifest of a vast count": _written("manifest.json", b'{"rows": 1%b}' % (b"0" * 5000)),
    "manifest of another version": _manifest(lambda m: m.update(contract="")),
    "manifest without stage": _manifest(lambda m: m.update(stage=[], lineage={})),
}


def mutations(*, seed: int) -> Iterator[Make]:
    """Yield models of which one file has a few bytes changed, and hashes that are right."""
    chance = random.Random(seed)  # noqa: S311  # the same ones again and again
    files = right_files()
    while True:
        name = chance.choice(["model.onnx", "model.onnx", "model.json", "examples.jsonl"])
        content = bytearray(files[name])
        for _ in range(chance.choice([1, 1, 2, 5, 20])):
            _mutate(content, chance)
        yield with_files(**{name.replace(".", "__"): bytes(content)})


def _mutate(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) or 1)
    match chance.randrange(5):
        case 0:
            content[place : place + 1] = bytes([chance.randrange(256)])
        case 1:
            content[place:place] = bytes(chance.randrange(256) for _ in range(chance.randrange(9)))
        case 2:
            del content[place : place + chance.randrange(1, 30)]
        case 3:
            content[place : place + 8] = b"\xff" * 8
        case _:
            length = chance.randrange(1, 60)
            content[place:place] = content[place : place + length]
