"""Reading the operator sets out of a model.onnx."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto
from serve.model.graph.opsets import check_opsets, read_opsets
from stage_contract import ContractError

OPSETS = st.dictionaries(st.sampled_from(["", "ai.onnx.ml", "com.example"]), st.integers(1, 300))


@given(opsets=OPSETS, name=st.text(max_size=300), version=st.integers(0, 2**62))
def test_the_operator_sets_are_those_that_onnx_wrote(
    opsets: dict[str, int], name: str, version: int
) -> None:
    model = ModelProto(ir_version=10, producer_name=name, model_version=version)
    for domain, number in opsets.items():
        model.opset_import.add(domain=domain, version=number)

    assert read_opsets(model.SerializeToString()) == opsets


@given(st.binary(max_size=40))
def test_any_other_bytes_are_read_or_refused(noise: bytes) -> None:
    try:
        read_opsets(noise)
    except ContractError as error:
        assert "not an ONNX file" in str(error)


def test_a_domain_must_be_named_and_not_newer_than_named() -> None:
    check_opsets({"": 21, "ai.onnx.ml": 3, "com.microsoft": 1}, {"com.microsoft": 1})

    with pytest.raises(ContractError, match="uses the domain com"):
        check_opsets({"com.microsoft": 1}, {})
    with pytest.raises(ContractError, match="2, expected at most 1"):
        check_opsets({"com.microsoft": 2}, {"com.microsoft": 1})
    with pytest.raises(ContractError, match=r"uses ai\.onnx\.ml 5, expected at most 3"):
        check_opsets({"ai.onnx.ml": 5}, {"ai.onnx.ml": 5})
