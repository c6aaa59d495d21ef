"""A model.onnx is all of its model: what lies elsewhere, or is not served, is refused."""

from collections.abc import Callable
from pathlib import Path

import hostile_graphs
import pytest
from asking import Worker
from onnx import ModelProto
from serve.model.graph.opsets import check_opsets, read_opsets
from serve.model.graph.protobuf import fields
from serve.model.graph.self_contained import check_self_contained
from serve_testing.made_models import DIAMONDS, publish_model
from stage_contract import ContractError


def bytes_of(change: Callable[[ModelProto], object]) -> bytes:
    graph = DIAMONDS.graph()
    change(graph)
    return graph.SerializeToString()


@pytest.mark.parametrize("name", [name for name in hostile_graphs.GRAPHS if "external" in name])
def test_external_data_is_refused_wherever_it_is(name: str) -> None:
    graph = bytes_of(hostile_graphs.GRAPHS[name])

    with pytest.raises(ContractError, match="has external data, expected all tensors in the file"):
        check_self_contained(graph)


def test_external_data_of_another_library_is_refused() -> None:
    # The same fields in another order: first where the data lies, then that it does.
    place = b"\x6a\x0f\x0a\x08location\x12\x03abc"
    tensor = place + b"\x70\x01" + b"\x42\x01w"
    graph = b"\x3a" + bytes([len(tensor) + 2]) + b"\x2a" + bytes([len(tensor)]) + tensor

    with pytest.raises(ContractError, match="has external data"):
        check_self_contained(graph)


def test_how_a_model_is_trained_is_refused() -> None:
    with pytest.raises(ContractError, match="holds training_info"):
        check_self_contained(bytes_of(hostile_graphs.training))


def test_a_column_may_be_called_location(tmp_path: Path) -> None:
    field, *others = DIAMONDS.fields
    graph = DIAMONDS.graph()
    graph.graph.node[0].doc_string = "location"
    publish_model(tmp_path, DIAMONDS.but(fields=[field | {"description": "location"}, *others]))

    check_self_contained(graph.SerializeToString())
    assert Worker(tmp_path).ask("GET", "/ready").status_code == 200


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("newer operators in a function", "uses ai.onnx 22, expected at most 21"),
        ("operator set twice", "uses ai.onnx 23, expected at most 21"),
        ("foreign domain", "uses the domain com.microsoft, which model.json does not name"),
    ],
)
def test_operator_sets_count_wherever_they_are_imported(name: str, reason: str) -> None:
    graph = bytes_of(hostile_graphs.GRAPHS[name])

    with pytest.raises(ContractError, match=reason):
        check_opsets(read_opsets(graph), {})


def test_a_key_that_others_would_read_as_that_of_another_field_is_none() -> None:
    # 2**32 + the key of the graph: readers of 32 bits see a graph.
    key = b"\xba\x80\x80\x80\x10"

    with pytest.raises(ValueError, match="no key"):
        list(fields(memoryview(key + b"\x00")))
