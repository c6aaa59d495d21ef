"""NVIDIA's client, tritonclient.http, unchanged."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from conftest import Server
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.http.aio import InferenceServerClient as AsyncClient
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


@pytest.fixture
def client(diamonds: Server) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(diamonds.address) as client:
        yield client


def tensor(name: str, values: list, *, dtype: type = float, is_binary: bool = True) -> InferInput:
    array = np.array([[value] for value in values], dtype)
    made = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array, binary_data=is_binary)
    return made


def stones(*, is_binary: bool) -> list[InferInput]:
    return [
        tensor("carat", [0.23, 1.0], is_binary=is_binary),
        tensor("depth", [61.5, np.nan], is_binary=is_binary),
        tensor("cut", ["Ideal", "Good"], dtype=object, is_binary=is_binary),
    ]


def test_health_and_metadata(client: InferenceServerClient, diamonds: Server) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("test")
    assert client.is_model_ready("test", diamonds.model_id)
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("test", diamonds.model_id)
    assert [each["name"] for each in metadata["inputs"]] == ["carat", "depth", "cut", "color"]
    assert metadata["outputs"] == [{"name": "price", "datatype": "FP32", "shape": [-1, 1]}]


@pytest.mark.parametrize("in_binary", [True, False])
@pytest.mark.parametrize("out_binary", [True, False])
def test_inference_in_all_mixtures_of_json_and_binary(
    client: InferenceServerClient, *, in_binary: bool, out_binary: bool
) -> None:
    outputs = [InferRequestedOutput("price", binary_data=out_binary)]

    answer = client.infer("test", stones(is_binary=in_binary), outputs=outputs, request_id="7")

    assert answer.as_numpy("price").tolist() == [[322.0], [1020.5]]
    assert answer.as_numpy("price").dtype == np.float32
    assert answer.get_response()["id"] == "7"


def test_inference_without_named_outputs_and_with_a_version(
    client: InferenceServerClient, diamonds: Server
) -> None:
    answer = client.infer("test", stones(is_binary=True), model_version=diamonds.model_id)

    assert answer.as_numpy("price").ravel().tolist() == [322.0, 1020.5]
    assert answer.get_response()["model_version"] == diamonds.model_id


def test_inference_in_the_background(client: InferenceServerClient) -> None:
    answers = [client.async_infer("test", stones(is_binary=True)) for _ in range(5)]

    assert {answer.get_result().as_numpy("price")[0, 0] for answer in answers} == {322.0}


def test_classes_are_texts_and_booleans(penguins: Server, flights: Server) -> None:
    with InferenceServerClient(penguins.address) as client:
        species: InferResult = client.infer("test", [tensor("island", ["Biscoe"], dtype=object)])
    with InferenceServerClient(flights.address) as client:
        hour = tensor("hour", ["2013-01-01T05:00:00Z"], dtype=object)
        late: InferResult = client.infer("test", [hour, tensor("holiday", [1.0])])

    [expected] = penguins.predict({"island": "Biscoe"})
    assert species.as_numpy("species").tolist() == [[str(expected["species"]).encode()]]
    assert species.as_numpy("probabilities").shape == (1, 3)
    assert late.as_numpy("late").dtype == np.bool_
    assert late.as_numpy("probabilities").sum() == pytest.approx(1)


def test_what_is_wrong_is_in_the_clients_exception(client: InferenceServerClient) -> None:
    wrong = [tensor("carat", [0.0]), tensor("cut", ["Good"], dtype=object)]

    with pytest.raises(InferenceServerException) as caught:
        client.infer("test", wrong)
    with pytest.raises(InferenceServerException, match="model other is not served here"):
        client.infer("other", wrong)
    with pytest.raises(InferenceServerException, match="nothing is here"):
        client.get_model_repository_index()

    assert caught.value.status() == "422"
    assert caught.value.message() == "1 error; row 1, column carat: got 0.0, expected more than 0"


@pytest.mark.parametrize("is_binary", [True, False])
def test_fifty_requests_at_once_are_all_answered(diamonds: Server, *, is_binary: bool) -> None:
    rows = 344
    table = [
        tensor("carat", [0.23, 1.0] * (rows // 2), is_binary=is_binary),
        tensor("depth", [61.5, np.nan] * (rows // 2), is_binary=True),
        tensor("cut", ["Ideal", "Good"] * (rows // 2), dtype=object, is_binary=is_binary),
        tensor("price", ["x" * 100] * rows, dtype=object),
    ]

    async def ask() -> list[InferResult]:
        async with AsyncClient(diamonds.address, conn_limit=50) as client:
            return await asyncio.gather(*(client.infer("test", table) for _ in range(50)))

    answers = asyncio.run(ask())

    assert {answer.as_numpy("price").shape for answer in answers} == {(rows, 1)}
