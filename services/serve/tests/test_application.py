"""The application: every route on any ASGI server, and whatever somebody adds to it."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from openapi_spec_validator import validate
from serve.api.application import Application
from serve.app import create_app
from serve.fast_path import extension_of
from serve.problems import RequestError
from serve_testing.made_models import DIAMONDS, PENGUINS, publish_model
from serve_testing.processes import Server, environment, running, until

ROW = {"carat": 1, "cut": "Good"}
BODY = json.dumps({"rows": [ROW]})
JSON = {"content-type": "application/json"}
UVICORN = (sys.executable, "-m", "uvicorn", "--log-level", "warning")


def application(worker: Worker, app: Application) -> Worker:
    """Have a worker answer with another application than its own."""
    app.service = worker.service
    worker.app = app
    return worker


@contextmanager
def uvicorn(folder: Path, *arguments: str, **variables: str) -> Iterator[Server]:
    """Run an application as a user of uvicorn does, on a port that the test knows."""
    names = {"UVICORN_HOST": "127.0.0.1", **variables}
    code = (
        "import os, runpy, sys; print('listening', flush=True);"
        "sys.argv += ['--port', os.environ['STAGE_PORT']];"
        "runpy.run_module('uvicorn', run_name='__main__')"
    )
    command = (sys.executable, "-c", code, "--log-level", "warning", *arguments)
    with running(folder, command=command, **names) as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        yield server


@pytest.mark.parametrize("arguments", [["serve.app:app"], ["--factory", "serve.app:create_app"]])
def test_any_asgi_server_serves_every_route(tmp_path: Path, arguments: list[str]) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    infer = {
        "inputs": [
            {"name": "carat", "datatype": "FP64", "shape": [1], "data": [1]},
            {"name": "cut", "datatype": "BYTES", "shape": [1], "data": ["Good"]},
        ]
    }
    with uvicorn(tmp_path, *arguments) as server:
        found = server.ask("POST", "/predict", BODY, **JSON)
        scores = server.ask("POST", "/invocations", json.dumps({"instances": [ROW]}), **JSON)
        outputs = server.ask("POST", "/v2/models/test/infer", json.dumps(infer), **JSON)
        got = {
            path: server.ask("GET", path)
            for path in ("/live", "/model", "/metrics", "/docs", "/openapi.json", "/ping", "/v2")
        }

    assert json.loads(found[2])["predictions"] == [{"price": 1020.5}]
    assert json.loads(scores[2])["predictions"] == [1020.5]
    assert json.loads(outputs[2])["outputs"][0]["data"] == [1020.5]
    assert {path: answer[0] for path, answer in got.items()} == dict.fromkeys(got, 200)
    assert 'requests_total{route="/predict",status="200"} 1' in got["/metrics"][2]
    assert "carat" in got["/openapi.json"][2]
    assert found[1]["x-model-id"] == DIAMONDS.id


def test_a_new_model_goes_live_on_any_asgi_server(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with uvicorn(tmp_path, "serve.app:app") as server:
        publish_model(tmp_path / "volume", DIAMONDS.but(id="b" * 16))

        until(lambda: server.ask("GET", "/ready")[1]["x-model-id"] == "b" * 16)


def test_a_wrong_setting_keeps_the_application_from_starting(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*UVICORN, "serve.app:app", "--port", "0"],
        env=environment(tmp_path, "max_rowz = 1"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode != 0
    assert "max_rowz" in ended.stdout + ended.stderr


def test_importing_the_application_reads_no_setting_and_starts_nothing(tmp_path: Path) -> None:
    code = (
        "import json, os, sys, threading\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, given: opened.append(f'{event} {given}')"
        " if event in ('open', 'os.fork', 'subprocess.Popen') else None)\n"
        "from serve.app import app\n"
        "document = app.openapi()\n"
        "folders = os.environ['STAGE_IN'], os.environ['STAGE_CONFIG'], 'fork', 'Popen'\n"
        "mine = [each for each in opened if any(name in each for name in folders)]\n"
        "print(json.dumps([mine, threading.active_count(), document]))"
    )
    variables = environment(tmp_path, "max_rowz = 1")
    ended = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    found, threads, document = json.loads(ended.stdout)

    assert (found, threads) == ([], 1)
    assert {"/predict", "/invocations", "/v2/models/{name}/infer"} <= set(document["paths"])
    assert "Row" not in document["components"]["schemas"]
    validate(document)


def test_openapi_json_is_what_the_application_describes(diamonds: Worker) -> None:
    served = diamonds.ask("GET", "/openapi.json").json()

    assert served == diamonds.app.openapi()
    assert "carat" in served["components"]["schemas"]["Row"]["properties"]


def test_openapi_json_is_encoded_once_for_each_model(
    diamonds: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[object] = []
    render = JSONResponse.render

    def count(response: JSONResponse, content: object) -> bytes:
        encoded.append(content)
        return render(response, content)

    monkeypatch.setattr(JSONResponse, "render", count)
    first, again = (diamonds.ask("GET", "/openapi.json") for _ in range(2))
    publish_model(tmp_path, PENGUINS)
    diamonds.poll()
    after = diamonds.ask("GET", "/openapi.json")

    assert len(encoded) == 2
    assert first.content == again.content != after.content
    assert "carat" not in after.json()["components"]["schemas"]["Row"]["properties"]
    assert {each.headers["content-type"] for each in (first, again)} == {"application/json"}


def extended() -> Application:
    """Return an application with a route, a middleware, a dependency and error handlers."""

    async def check_user(request: Request) -> None:
        if "x-user" not in request.headers:
            raise HTTPException(401, "who are you?", {"www-authenticate": "User"})

    app = create_app(dependencies=[Depends(check_user)])

    @app.get("/double/{number}", status_code=201)
    async def double(number: int) -> dict[str, int]:
        return {"double": 2 * number}

    @app.middleware("http")
    async def stamp(request: Request, call_next: Any) -> Response:
        answer: Response = await call_next(request)
        answer.headers["x-stamp"] = "mine"
        return answer

    @app.exception_handler(RequestError)
    async def say_so(_request: Request, error: RequestError) -> Response:
        return JSONResponse({"mine": error.detail}, error.status)

    return app


def test_what_is_added_holds_for_every_route(diamonds: Worker) -> None:
    worker = application(diamonds, extended())
    user = {"x-user": "me"}
    right = worker.ask("POST", "/predict", json={"rows": [ROW]}, headers=user)
    wrong = worker.ask("POST", "/predict", json={"rows": []}, headers=user)
    own = worker.ask("GET", "/double/21", headers=user)
    strangers = [
        worker.ask("POST", "/predict", json={"rows": [ROW]}),
        worker.ask("POST", "/v2/models/test/infer", json={}),
        worker.ask("GET", "/model"),
        worker.ask("GET", "/double/21"),
    ]

    assert right.json()["predictions"] == [{"price": 1020.5}]
    assert right.headers["x-stamp"] == "mine"
    assert (wrong.status_code, [*wrong.json()]) == (422, ["mine"])
    assert (own.status_code, own.json()) == (201, {"double": 42})
    assert own.headers["x-request-id"]
    assert {answer.status_code for answer in strangers} == {401}
    assert {answer.headers["www-authenticate"] for answer in strangers} == {"User"}


def test_what_is_added_is_described_and_counted(diamonds: Worker) -> None:
    worker = application(diamonds, extended())
    worker.ask("GET", "/double/21", headers={"x-user": "me"})
    document = worker.app.openapi()
    metrics = worker.ask("GET", "/metrics", headers={"x-user": "me"}).text
    double = document["paths"]["/double/{number}"]["get"]

    validate(document)
    assert {"201", "422"} == set(double["responses"])
    assert "HTTPValidationError" in document["components"]["schemas"]
    assert "Row" in document["components"]["schemas"]
    assert 'requests_total{route="/double/{number}",status="201"} 1' in metrics


def test_keys_hold_for_routes_that_were_added(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("k" * 32)
    publish_model(tmp_path / "volume", DIAMONDS)
    worker = Worker(tmp_path / "volume", api_keys_file=tmp_path / "keys")
    app = create_app()
    app.add_api_route("/mine", lambda: "mine")
    application(worker, app)

    assert worker.ask("GET", "/mine").status_code == 401
    assert worker.ask("GET", "/mine", headers={"x-api-key": "k" * 32}).json() == "mine"


def test_a_route_that_was_added_reads_no_longer_body_than_a_prediction(diamonds: Worker) -> None:
    app = create_app()

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    worker = application(diamonds, app)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(101):
            yield b" " * 1000

    whole = worker.ask("POST", "/length", content=b" " * 100_000)
    longer = worker.ask("POST", "/length", content=b" " * 100_001)
    in_parts = worker.ask("POST", "/length", content=parts())

    assert whole.json() == 100_000
    assert (longer.status_code, in_parts.status_code) == (413, 413)
    assert "longer than 100,000 bytes" in longer.json()["detail"]


def test_an_error_that_nobody_handles_is_counted_and_has_its_ids(
    diamonds: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app()
    app.add_api_route("/fails", lambda: 1 / 0)
    worker = application(diamonds, app)
    answer = worker.ask("GET", "/fails", headers={"x-request-id": "mine"})

    [record] = caplog.records
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == vars(record)["request_id"] == "mine"
    assert 'route="/fails",status="500"' in worker.ask("GET", "/metrics").text


async def _nothing() -> None: ...


def _with_dependency() -> Application:
    return create_app(dependencies=[Depends(_nothing)])


def _with_middleware() -> Application:
    app = create_app()
    app.middleware("http")(lambda request, call_next: call_next(request))
    return app


def _with_route_in_front() -> Application:
    app = create_app()
    app.add_api_route("/predict", _nothing, methods=["POST"])
    app.router.routes.insert(0, app.router.routes.pop())
    return app


def _with_error_handler() -> Application:
    app = create_app()
    app.add_exception_handler(Exception, lambda _request, _error: Response())
    return app


def _with_override() -> Application:
    app = create_app()
    app.dependency_overrides[_nothing] = _nothing
    return app


@pytest.mark.parametrize(
    "make",
    [_with_dependency, _with_middleware, _with_route_in_front, _with_error_handler, _with_override],
)
def test_nothing_that_was_added_is_skipped_by_the_fast_path(make: Any) -> None:
    assert extension_of(make()) is not None


def test_a_route_beside_the_others_leaves_the_fast_path_on() -> None:
    app = create_app()
    app.add_api_route("/mine", _nothing)

    assert extension_of(app) is None


MINE = """
import asyncio
from contextlib import asynccontextmanager
from serve.app import create_app

@asynccontextmanager
async def lifespan(app):
    print("mine begins with", app.service.name, flush=True)
    yield

app = create_app(lifespan=lifespan)

@app.get("/mine")
async def mine():
    return "mine"
"""


def command(folder: Path, code: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that serves an application of one's own."""
    (folder / "mine.py").write_text(code)
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); sys.argv[0] = 'serve';"
    start += "import serve.__main__; serve.__main__.main()"
    return (sys.executable, "-c", start, *(arguments or ("--app", "mine:app")))


def test_serve_runs_an_application_of_ones_own_in_all_workers(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 2", command=command(tmp_path, MINE)) as server:
        server.wait_for("mine begins with test")
        server.wait_for("mine begins with test")
        until(lambda: server.ask("GET", "/ready")[0] == 200)

        assert server.ask("GET", "/mine")[2] == '"mine"'
        assert server.ask("POST", "/predict", BODY, **JSON)[0] == 200


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere:app", "there is no module 'nowhere'"),
        ("mine:other", "is not an application of serve"),
        ("mine:asyncio", "make it with serve.app.create_app()"),
        (":app", "expected MODULE:ATTRIBUTE"),
    ],
)
def test_an_application_that_is_none_is_a_wrong_setting(
    tmp_path: Path, name: str, said: str
) -> None:
    ended = subprocess.run(
        [*command(tmp_path, MINE, "--check", "--app", name)],
        env=environment(tmp_path, ""),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == os.EX_CONFIG
    assert said in ended.stdout + ended.stderr


TRACED = (
    MINE
    + """
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

class Printed(NonRecordingSpan):
    def __init__(self, name, context):
        super().__init__(context)
        self.name = name
    def is_recording(self):
        return True
    def set_attributes(self, attributes):
        print("attributes", self.name, *attributes, flush=True)
    def end(self, end_time=None):
        print("span", self.name, "%032x" % self.get_span_context().trace_id, flush=True)

class Tracer(trace.Tracer):
    def start_span(self, name, context=None, *args, **more):
        parent = trace.get_current_span(context).get_span_context()
        found = SpanContext(parent.trace_id or 1, 2, False, TraceFlags(1))
        return Printed(name, found)
    def start_as_current_span(self, name, *args, **more):
        return trace.use_span(self.start_span(name), end_on_exit=True)

class Provider(trace.TracerProvider):
    def get_tracer(self, *args, **more):
        return Tracer()

trace.set_tracer_provider(Provider())
"""
)


def test_an_exporter_of_ones_own_sees_the_spans_of_predictions(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    trace = "0af7651916cd43dd8448eb211c80319c"
    with running(tmp_path, "workers = 1", command=command(tmp_path, TRACED)) as server:
        server.wait_for("no fast path, since the application has tracing")
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        headers = JSON | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        answer = server.ask("POST", "/predict", BODY, **headers)

        assert trace in server.wait_for("span predict")
        assert trace in server.wait_for("span POST")
    assert answer[1]["traceresponse"] == f"00-{trace}-{2:016x}-01"


def test_another_version_of_uvicorn_is_served_with_its_own_connections(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    code = MINE + "\nimport uvicorn\nuvicorn.__version__ = '9.9.9'\n"
    with running(tmp_path, "workers = 1", command=command(tmp_path, code)) as server:
        server.wait_for("uvicorn 9.9.9 was not tested")
        until(lambda: server.ask("GET", "/ready")[0] == 200)

        assert server.ask("POST", "/predict", BODY, **JSON)[0] == 200
        assert server.ask("GET", "/mine")[0] == 200


def test_the_application_is_one_of_fastapi() -> None:
    assert isinstance(create_app(), FastAPI)
