"""KServe's client, InferenceRESTClient, unchanged."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
import pytest
from conftest import Server
from kserve import InferenceRESTClient, InferInput, InferRequest, InferResponse, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

type Ask = Callable[[InferenceRESTClient], Awaitable[Any]]


def ask(question: Ask) -> Any:
    """Return the answer to one question."""

    async def with_client() -> Any:
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
            return await question(client)

    return asyncio.run(with_client())


def stones(*, is_binary: bool, **more: Any) -> InferRequest:
    columns = {
        "carat": ("FP64", np.array([[0.23], [1.0]])),
        "depth": ("FP64", np.array([[61.5], [np.nan]])),
        "cut": ("BYTES", np.array([["Ideal"], ["Good"]], object)),
    }
    inputs = []
    for name, (datatype, values) in columns.items():
        made = InferInput(name, list(values.shape), datatype)
        made.set_data_from_numpy(values, binary_data=is_binary)
        inputs.append(made)
    return InferRequest("test", inputs, **more)


def infer(server: Server, request: InferRequest, name: str = "test") -> InferResponse:
    answer: InferResponse = ask(lambda client: client.infer(server.url, request, model_name=name))
    return answer


def test_health(diamonds: Server) -> None:
    assert ask(lambda client: client.is_server_live(diamonds.url)) is True
    assert ask(lambda client: client.is_server_ready(diamonds.url)) is True
    assert ask(lambda client: client.is_model_ready(diamonds.url, "test")) is True
    assert ask(lambda client: client.is_model_ready(diamonds.url, "other")) is False


@pytest.mark.parametrize("in_binary", [True, False])
@pytest.mark.parametrize("out_binary", [True, False])
def test_inference_in_all_mixtures_of_json_and_binary(
    diamonds: Server, *, in_binary: bool, out_binary: bool
) -> None:
    request = stones(is_binary=in_binary, parameters={"binary_data_output": out_binary})

    answer = infer(diamonds, request)

    [output] = answer.outputs
    assert (output.name, output.shape) == ("price", [2, 1])
    assert output.as_numpy().tolist() == [[322.0], [1020.5]]


def test_the_id_and_the_picked_outputs_come_back(penguins: Server) -> None:
    island = InferInput("island", [1, 1], "BYTES", [["Biscoe"]])
    picked = [RequestedOutput("species", {"binary_data": True})]

    answer = infer(penguins, InferRequest("test", [island], "7", request_outputs=picked))

    [expected] = penguins.predict({"island": "Biscoe"})
    assert answer.id == "7"
    assert [(output.name, output.data) for output in answer.outputs] == [
        ("species", [expected["species"]])
    ]


def test_a_plain_dictionary_is_a_request_too(flights: Server) -> None:
    hour = {"name": "hour", "datatype": "BYTES", "shape": [1], "data": ["2013-01-01T05:00"]}

    answer = ask(lambda client: client.infer(flights.url, {"inputs": [hour]}, model_name="test"))

    late, probabilities = answer.outputs
    assert late.data == [False]
    assert sum(probabilities.data) == pytest.approx(1)


def test_what_is_wrong_is_in_the_clients_exception(diamonds: Server) -> None:
    wrong = InferRequest("test", [InferInput("carat", [1, 1], "FP64", [0.5])])

    with pytest.raises(
        httpx.HTTPStatusError, match="column cut: expected this column in the table"
    ):
        infer(diamonds, wrong)
    with pytest.raises(httpx.HTTPStatusError, match="model other is not served here"):
        infer(diamonds, wrong, "other")
