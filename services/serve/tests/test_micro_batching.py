"""Small requests that arrive together: one run of the graph, and to each its own answer."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import JSON, Worker
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serve.api.predictions.batching import BatchedRequest
from serve.api.predictions.routes import find_route
from serve.codecs.media_types import RawResponse
from serve.codecs.rows import Feed
from serve.model.graph.session import Graph
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve_testing.processes import running, until
from serve_testing.request_forms import every_form, infer_request

ROW = {"carat": 1.5, "cut": "Good", "color": "Fair", "depth": 60.25}


def body_of(*rows: Any) -> bytes:
    return json.dumps({"rows": rows}).encode()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many rows each run of the graph had from now on."""
    rows: list[int] = []
    run = Graph.run

    def counted(self: Graph, feed: Feed) -> Any:
        rows.append(len(feed["numbers"]))
        return run(self, feed)

    monkeypatch.setattr(Graph, "run", counted)
    return rows


def add(
    worker: Worker,
    body: bytes,
    answers: list[RawResponse | None],
    *,
    path: str = "/predict",
    headers: dict[str, str] = JSON,
) -> None:
    fields = {name.encode(): value.encode() for name, value in headers.items()}
    route = find_route(path)
    assert route is not None
    batcher = route.find_batcher(fields)
    assert batcher is not None
    request = BatchedRequest(path, fields, body)
    worker.service.micro_batcher.add(request, batcher, answers.append)


async def end_of_batch() -> None:
    """Wait for the two iterations after which a batch is answered."""
    for _ in range(2):
        await asyncio.sleep(0)


async def have_come_together(worker: Worker) -> None:
    """Have two requests arrive in one look, neither of which makes the graph run."""
    for _ in range(2):
        add(worker, b"", [])
    await end_of_batch()


def gathered(worker: Worker, *bodies: bytes) -> list[RawResponse | None]:
    """Have bodies arrive in one look of the loop, after a look in which several did."""
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        await have_come_together(worker)
        for body in bodies:
            add(worker, body, answers)
        assert not answers
        await end_of_batch()

    asyncio.run(arrive())
    return answers


def texts_of(answers: list[RawResponse | None]) -> list[Any]:
    return [None if answer is None else json.loads(answer[2]) for answer in answers]


def test_requests_that_arrive_together_take_one_run_and_get_the_answers_of_their_own_rows(
    diamonds: Worker, runs: list[int]
) -> None:
    rows = [ROW | {"carat": carat} for carat in (1, 2, 3, 4)]
    batcher = texts_of(
        gathered(diamonds, body_of(rows[0]), body_of(rows[1], rows[2]), body_of(rows[3]))
    )

    assert runs == [4]
    assert batcher == [diamonds.predict(*some).json() for some in ([rows[0]], rows[1:3], [rows[3]])]


def test_a_request_that_arrives_one_iteration_later_joins_the_batch(
    diamonds: Worker, runs: list[int]
) -> None:
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        await have_come_together(diamonds)
        for late in (False, False, True):
            if late:
                await asyncio.sleep(0)
            add(diamonds, body_of(ROW), answers)
        assert not answers
        await asyncio.sleep(0)

    asyncio.run(arrive())
    assert len(answers) == 3
    assert runs == [3]


@given(picks=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=4), min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_classes_and_probabilities_go_to_the_request_that_they_belong_to(
    penguins: Worker, picks: list[list[int]]
) -> None:
    requests = [[PENGUINS.rows[each % len(PENGUINS.rows)] for each in some] for some in picks]

    answers = texts_of(gathered(penguins, *(body_of(*rows) for rows in requests)))

    assert answers == [penguins.predict(*rows).json() for rows in requests]


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS], ids=lambda model: model.target)
@pytest.mark.parametrize("form", ["OIP JSON", "OIP binary"])
def test_other_forms_are_gathered_too_and_each_is_answered_as_alone(
    tmp_path: Path, runs: list[int], model: MadeModel, form: str
) -> None:
    publish_model(tmp_path, model)
    worker = Worker(tmp_path)
    some = [model.rows[:1], model.rows[-1:] * 2, model.rows[:1] * 3]
    sent = [
        every_form(rows, model.fields, name="test", has_classes=model.classes is not None)[form]
        for rows in some
    ]
    alone = [
        worker.ask("POST", path, content=body, headers=headers).content
        for path, body, headers in sent
    ]
    runs.clear()
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        await have_come_together(worker)
        for path, body, headers in sent:
            add(worker, body, answers, path=path, headers=headers)
        add(worker, b"nonsense", answers, path=sent[0][0], headers=sent[0][2])
        await end_of_batch()

    asyncio.run(arrive())
    assert runs == [6]
    assert [answer[2] for answer in answers[:3] if answer] == alone
    assert answers[3] is None


COLUMNS = {
    "carat": [[1, 2], [1.5, 2.5], [2, None], [None, 0.5], [True, False], ["1", "2"], [2**60, 1]],
    "depth": [[60, 61], [60.25, None], [None, None], [False, None], ["60", None], [90, 1e300]],
    "cut": [["Good", "Fair"], ["", "Good"], [None, "Ideal"], [3, 4], [True, True]],
    "color": [["Fair", "Good"], [None, None]],
}
"""Right and wrong columns of two rows, of types that must not become one another's."""


@given(
    sent=st.lists(
        st.fixed_dictionaries({name: st.sampled_from(some) for name, some in COLUMNS.items()}),
        min_size=2,
        max_size=5,
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_tables_of_whatever_types_that_arrive_together_are_answered_as_alone(
    diamonds: Worker, sent: list[dict[str, list[Any]]]
) -> None:
    path, headers = "/v2/models/test/infer", JSON
    fields = [{"name": name, "datatype": "FP64"} for name in COLUMNS]
    bodies = [infer_request(columns, fields)[0] for columns in sent]
    alone = [diamonds.ask("POST", path, content=body, headers=dict(headers)) for body in bodies]
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        await have_come_together(diamonds)
        for body in bodies:
            add(diamonds, body, answers, path=path, headers=headers)
        await end_of_batch()

    asyncio.run(arrive())
    assert [None if answer is None else answer[2] for answer in answers] == [
        answer.content if answer.status_code == 200 else None for answer in alone
    ]


def test_short_bodies_of_many_rows_do_not_make_one_run_of_all(
    diamonds: Worker, runs: list[int]
) -> None:
    rows = 900
    fields = [{"name": "carat", "type": "number"}, {"name": "cut", "type": "string"}]
    values = {"carat": [1.0] * rows, "cut": ["Good"] * rows}
    header, data = infer_request(values, fields, is_binary=True)
    length = {"inference-header-content-length": str(len(header))}
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        await have_come_together(diamonds)
        for _ in range(12):
            add(diamonds, header + data, answers, path="/v2/models/test/infer", headers=length)
        await end_of_batch()

    asyncio.run(arrive())
    assert runs == [3 * rows]
    assert [answer is None for answer in answers] == [False] * 3 + [True] * 9


def test_while_they_come_one_at_a_time_each_is_answered_at_once(diamonds: Worker) -> None:
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        for _ in range(3):
            add(diamonds, body_of(ROW), answers)
            await end_of_batch()
        assert answers == [None] * 3  # which has each asked by itself

        for _ in range(2):
            add(diamonds, body_of(ROW), answers)
        assert len(answers) == 4
        await end_of_batch()
        add(diamonds, body_of(ROW), answers)
        assert len(answers) == 5
        await end_of_batch()

    asyncio.run(arrive())
    assert [answer is None for answer in answers[3:]] == [True, False, False]


def test_a_wrong_one_among_them_is_asked_by_itself_and_keeps_no_other_from_its_answer(
    diamonds: Worker, runs: list[int]
) -> None:
    answers = gathered(diamonds, body_of(ROW), b"{", body_of({"carat": "much"}), body_of(ROW))

    assert [answer is None for answer in answers] == [False, True, True, False]
    assert runs == [2]


def test_without_a_model_each_is_asked_by_itself(tmp_path: Path) -> None:
    assert gathered(Worker(tmp_path), body_of(ROW), body_of(ROW)) == [None, None]


def test_a_failure_of_all_is_logged_and_each_is_asked_by_itself(
    diamonds: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_self: Graph, _feed: Feed) -> Any:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(Graph, "run", fail)
    with caplog.at_level(logging.ERROR):
        answers = gathered(diamonds, body_of(ROW), body_of(ROW))

    assert answers == [None, None]
    assert "no such kernel" in caplog.text


def test_many_bytes_do_not_wait_for_more(diamonds: Worker) -> None:
    answers: list[RawResponse | None] = []

    async def arrive() -> None:
        await have_come_together(diamonds)
        body = body_of(*[ROW] * 1000)
        while not answers:
            add(diamonds, body, answers)
        assert 1 < len(answers) < 10

    asyncio.run(arrive())


def test_over_sockets_right_and_wrong_requests_of_many_clients_get_their_own_answers(
    tmp_path: Path,
) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 1") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        bodies = [body_of(ROW | {"carat": number % 4 + 1}) for number in range(20)]
        bodies[7] = body_of(ROW | {"carat": "much"})
        connections = [server.open() for _ in bodies]
        try:
            for connection, body in zip(connections, bodies, strict=True):
                head = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
                connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
            answers = [connection.recv(65536) for connection in connections]
        finally:
            for connection in connections:
                connection.close()

    statuses = [int(answer.split()[1]) for answer in answers]
    assert statuses == [422 if number == 7 else 200 for number in range(20)]
    prices = [
        json.loads(answer.partition(b"\r\n\r\n")[2])["predictions"][0]["price"]
        for answer in answers[8:16]
    ]
    assert [price - prices[0] for price in prices] == [0, 1000, 2000, 3000] * 2


def test_without_the_fast_path_concurrent_requests_share_a_run_too(
    diamonds: Worker, runs: list[int]
) -> None:
    rows = [ROW | {"carat": carat} for carat in (1, 2, 3, 4)]
    alone = [diamonds.predict(row).json() for row in rows]
    runs.clear()

    async def ask_together() -> list[httpx.Response]:
        transport = httpx.ASGITransport(diamonds.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            asked = [client.post("/predict", content=body_of(row), headers=JSON) for row in rows]
            return await asyncio.gather(*asked)

    answers = asyncio.run(ask_together())

    assert [answer.json() for answer in answers] == alone
    assert len(runs) < sum(runs) == 4
