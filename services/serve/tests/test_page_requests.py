"""Requests of the page: answered and limited like all others, and counted apart."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import JSON, Worker
from serve.model.graph.session import Graph
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve_testing.processes import Server, running, until
from serve_testing.request_forms import every_form

PAGE = {"X-Stagecoach-Page": "1"}
ODD = {"carat": 99, "cut": "Odd"}
INFER = "/v2/models/test/infer"
SAMPLE = re.compile(r"(?m)^stagecoach_(\w+)\{?(.*?)\}? (\S+)$")


def counted(text: str) -> dict[str, Counter[str]]:
    """Return samples of the metrics by name and labels."""
    found: dict[str, Counter[str]] = {}
    for name, labels, value in SAMPLE.findall(text):
        if value.replace(".", "").isdigit():
            found.setdefault(name, Counter())[labels] = int(float(value))
    return found


def traffic(metrics: dict[str, Counter[str]]) -> dict[str, int]:
    """Return what counts as traffic of predictions."""
    predictions = [
        count
        for labels, count in metrics["requests_total"].items()
        if not labels.startswith(('route="/metrics"', 'route="/ready"'))
    ]
    names = ("out_of_range_values_total", "unknown_category_values_total")
    outside = {name: metrics.get(name, Counter()).total() for name in names}
    refused = metrics.get("refused_requests_total", Counter()).total()
    return {
        "requests": sum(predictions),
        "rows": metrics["rows_total"].total(),
        "refused": refused,
        **outside,
    }


NONE = dict.fromkeys(
    (
        *("requests", "rows", "refused"),
        *("out_of_range_values_total", "unknown_category_values_total"),
    ),
    0,
)


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "framework"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Yield a server of one worker, with and without the fast path."""
    folder = tmp_path_factory.mktemp("server")
    publish_model(folder / "volume", DIAMONDS)
    settings = f"workers = 1\nmax_rows = 100\nfast_path = {json.dumps(request.param)}"
    with running(folder, settings) as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        yield server


def ask(server: Server, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return status and body of the answer to a POST."""
    connection = server.connect()
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def causes_of(server: Server) -> Counter[str]:
    """Return the errors that the live view shows."""
    minutes = json.loads(server.ask("GET", "/page/live", **PAGE)[2])["minutes"]
    return sum((Counter(minute["causes"]) for minute in minutes), Counter())


def metrics_of(server: Server) -> dict[str, Counter[str]]:
    return counted(server.ask("GET", "/metrics")[2])


FORMS = every_form([ODD], DIAMONDS.fields, name="test", has_classes=False)


@pytest.mark.parametrize("form", FORMS)
def test_the_page_gets_the_same_answer_in_every_form_and_is_no_traffic(
    server: Server, form: str
) -> None:
    path, body, headers = FORMS[form]
    before = metrics_of(server)
    answer = ask(server, path, body, headers)
    between = metrics_of(server)
    assert ask(server, path, body, headers | PAGE) == answer
    after = metrics_of(server)

    assert answer[0] == 200
    assert {
        name: count - traffic(before)[name] for name, count in traffic(between).items()
    } == NONE | {
        "requests": 1,
        "rows": 1,
        "out_of_range_values_total": 1,
        "unknown_category_values_total": 1,
    }
    assert traffic(after) == traffic(between)
    assert after["request_duration_seconds_count"] - Counter(
        between["request_duration_seconds_count"]
    ) == Counter({'route="/metrics",status="200"': 1})
    name = path.replace("/test/", "/{name}/")
    assert (
        after["page_requests_total"] - between.get("page_requests_total", Counter())
    ) == Counter({f'route="{name}",status="200"': 1})
    assert after["page_rows_total"][""] - between["page_rows_total"][""] == 1


WRONG: dict[str, tuple[bytes, dict[str, str], int]] = {
    "no JSON": (b"{", JSON, 400),
    "a wrong row": (b'{"rows": [{}]}', JSON, 422),
    "too many rows": (json.dumps({"rows": [ODD] * 101}).encode(), JSON, 413),
    "another type": (b"<rows/>", {"content-type": "text/xml"}, 415),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_request_of_the_page_is_refused_and_is_no_traffic(
    server: Server, wrong: str
) -> None:
    body, headers, status = WRONG[wrong]
    before, causes = metrics_of(server), causes_of(server)
    answers = [ask(server, "/predict", body, headers | more) for more in ({}, PAGE)]
    after = metrics_of(server)
    limit = "rows" if status == 413 else None

    assert answers[0] == answers[1]
    assert answers[0][0] == status
    assert traffic(after)["requests"] - traffic(before)["requests"] == 1
    assert traffic(after)["refused"] - traffic(before)["refused"] == (limit is not None)
    assert causes_of(server) - causes == {limit or str(status): 1}


def test_the_views_of_the_page_are_no_traffic(server: Server) -> None:
    before = metrics_of(server)
    for path in ("/page/live", "/page/overview", "/ready", "/missing"):
        server.ask("GET", path, **PAGE)
    after = metrics_of(server)

    assert after["requests_total"] - before["requests_total"] == Counter(
        {'route="/metrics",status="200"': 1}
    )
    assert (after["page_requests_total"] - before.get("page_requests_total", Counter())) == Counter(
        {
            'route="/page/live",status="200"': 1,
            'route="/page/overview",status="200"': 1,
            'route="/ready",status="200"': 1,
            'route="other",status="404"': 1,
        }
    )


def test_requests_of_the_page_among_many_others_are_counted_apart(server: Server) -> None:
    before = metrics_of(server)
    path, body, headers = FORMS["JSON"]

    with ThreadPoolExecutor(8) as threads:
        sent = [headers | (PAGE if number % 2 else {}) for number in range(200)]
        answers = [*threads.map(lambda headers: ask(server, path, body, headers), sent)]
    after = metrics_of(server)

    assert {status for status, _ in answers} == {200}
    assert traffic(after)["rows"] - traffic(before)["rows"] == 100
    assert after["page_rows_total"][""] - before["page_rows_total"][""] == 100
    assert (
        traffic(after)["out_of_range_values_total"] - traffic(before)["out_of_range_values_total"]
        == 100
    )


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the number of rows of each run of the graph."""
    rows: list[int] = []
    run = Graph.run

    def counted(graph: Graph, feed: Any) -> Any:
        rows.append(len(next(iter(feed.values()))))
        return run(graph, feed)

    monkeypatch.setattr(Graph, "run", counted)
    return rows


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS], ids=lambda model: model.target)
def test_a_request_of_the_page_shares_no_run_of_the_graph(
    tmp_path: Path, runs: list[int], model: MadeModel
) -> None:
    publish_model(tmp_path, model)
    worker = Worker(tmp_path)
    runs.clear()

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(worker.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            found: list[httpx.Response] = []
            for _ in range(2):  # A worker batches once requests arrive several at a time.
                found = await asyncio.gather(
                    *(
                        client.post(
                            "/predict",
                            json={"rows": model.rows[:1]},
                            headers=PAGE if number % 3 == 0 else {},
                        )
                        for number in range(9)
                    )
                )
            return found

    answers = asyncio.run(ask())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert max(runs) > 1
    assert runs.count(1) >= 6
    assert worker.watcher.live().row_counts.rows == 12
    assert worker.watcher.live().row_counts.page_rows == 6


def test_the_page_is_limited_like_other_clients(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    (tmp_path / "keys").write_text("k" * 32)
    worker = Worker(tmp_path, api_keys_file=tmp_path / "keys", max_body_bytes=1024)
    key = {"x-api-key": "k" * 32}

    assert worker.ask("GET", "/page/live", headers=PAGE).status_code == 401
    assert worker.ask("GET", "/page/live", headers=PAGE | key).status_code == 200
    long = worker.ask("POST", "/predict", content=b" " * 2000, headers=PAGE | JSON | key)
    assert long.status_code == 413
    live = worker.ask("GET", "/page/live", headers=PAGE | key).json()
    assert live["minutes"] == []
    assert live["keys"]


def test_a_wrong_key_counts_whatever_header_comes_with_it(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    (tmp_path / "keys").write_text("k" * 32)
    worker = Worker(tmp_path, api_keys_file=tmp_path / "keys")
    for headers in (PAGE, PAGE | {"x-api-key": "g" * 32}):
        assert worker.ask("GET", "/page/live", headers=headers).status_code == 401
    metrics = counted(worker.ask("GET", "/metrics", headers={"x-api-key": "k" * 32}).text)

    assert metrics["refused_requests_total"] == {'limit="key"': 1}
