"""Binary bodies that are broken or made to harm: refused, within a bounded memory."""

import json
import random
import tracemalloc
from http import HTTPStatus

import pytest
from asking import Worker
from hypothesis import given, settings
from hypothesis import strategies as st
from serve.api.predictions.routes import find_route
from serve.codecs.media_types import Headers
from serve.model.models import Model
from serve.problems import RequestError
from serve_testing.made_models import FLIGHTS, publish_model
from serve_testing.request_forms import infer_request

MAX_MEMORY_BYTES = 50_000_000
WORDS = [0, 1, -1, 7, 2**15, 2**31 - 1, -(2**31), 2**32, 2**40, 2**62, -(2**63)]
ROWS = {
    "hour": ["2013-01-01T05:00:00Z", "2013-01-01", "2013-07-01 05:00"] * 4,
    "day": [None, "2013-01-01", ""] * 4,
    "holiday": [True, None, False] * 4,
    "number": [7, None, -3] * 4,
}
LENGTH = b"inference-header-content-length"


TENSORS = infer_request(ROWS, FLIGHTS.fields, is_binary=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("volume")
    publish_model(folder, FLIGHTS.but(ignored=["late"]))
    return Worker(folder).watcher.live()


def answer(model: Model, path: str, headers: Headers, body: bytes) -> HTTPStatus:
    """Return the status of the answer; an error of another kind would be one of serve's own."""
    route = find_route(path)
    assert route is not None
    tracemalloc.start()
    try:
        return HTTPStatus(route.answer(model, headers, body)[0])
    except RequestError as error:
        error.document()
        return error.status
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MAX_MEMORY_BYTES


def broken(body: bytes, chance: random.Random) -> bytes:
    """Return a body with some damage: bytes and numbers changed, cut out, or put in."""
    damaged = bytearray(body)
    for _ in range(chance.choice([1, 1, 2, 4, 8])):
        place = chance.randrange(len(damaged) + 1)
        word = chance.choice(WORDS).to_bytes(8, "little", signed=True)
        match chance.randrange(6):
            case 0:
                damaged[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                damaged[place // 8 * 8 : place // 8 * 8 + 8] = word
            case 2:
                damaged[place // 4 * 4 : place // 4 * 4 + 4] = word[:4]
            case 3:
                del damaged[place:]
            case 4:
                del damaged[place : place + chance.choice([1, 4, 8, 64])]
            case _:
                damaged[place:place] = damaged[place : place + chance.choice([8, 64])]
    return bytes(damaged)


def ask_tensors(model: Model, body: bytes, length: int) -> HTTPStatus:
    return answer(model, "/v2/models/test/infer", {LENGTH: b"%d" % length}, body)


def test_what_is_broken_below_is_right_before(model: Model) -> None:
    header, tail = TENSORS

    assert ask_tensors(model, header + tail, len(header)) == 200


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_answered(model: Model, body: bytes) -> None:
    assert ask_tensors(model, body, len(body) // 2) in {400, 422}


@given(st.integers(0, 2**64))
@settings(max_examples=500, deadline=None)
def test_broken_tensors_are_refused(model: Model, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # hypothesis remembers the seed that fails
    header, tail = TENSORS
    which = chance.randrange(3)
    header = broken(header, chance) if which == 0 else header
    tail = broken(tail, chance) if which == 1 else tail
    length = len(header) + (chance.randrange(-9, 9) if which == 2 else 0)

    assert ask_tensors(model, header + tail, length) in {200, 400, 413, 415, 422}


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_tensors_that_claim_anything_are_refused(model: Model, data: st.DataObject) -> None:
    numbers = st.sampled_from([*WORDS, 2**70, 1.5, True, None, "1"])
    tensor = st.fixed_dictionaries(
        {
            "name": st.sampled_from([*ROWS, "late", "x"]),
            "datatype": st.sampled_from(["FP64", "BYTES", "BOOL", "INT64", "FP16", "BF16"]),
            "shape": st.lists(numbers, max_size=3),
        },
        optional={
            "data": st.lists(numbers | st.lists(numbers, max_size=2), max_size=3),
            "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": numbers}),
        },
    )
    request = {"inputs": data.draw(st.lists(tensor, max_size=4))}
    header = json.dumps(request).encode()

    status = ask_tensors(model, header + data.draw(st.binary(max_size=40)), len(header))

    assert status in {200, 400, 413, 422}
