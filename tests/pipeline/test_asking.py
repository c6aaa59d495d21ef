"""What is asked of a running serve, here a made-up one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from serving.client import Serve, ServeError, open_serve
from serving.inspection import find
from serving.sample_row import sample_row
from stage_contract import Artifact, open_latest
from stage_contract.artifacts.publishing import open_draft, publish
from support.running import ROOT

KEY = "0123456789abcdef"
PRIVATE = "body_mass_g"
READY = json.dumps({"status": "ready", "model": "a" * 16, "refused": None})


@dataclass
class MadeUp:
    """Answers by path; with a key, all but `/ready` want it."""

    answers: dict[str, tuple[int, str]]
    key: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def serving(made_up: MadeUp) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made_up.asked.append(self.path)
            made_up.bodies.append(self.rfile.read(int(self.headers["content-length"] or 0)))
            status, text = made_up.answers.get(self.path, (404, ""))
            if made_up.key and self.path != "/ready" and self.headers["x-api-key"] != made_up.key:
                status, text = 401, "no"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    """Return a model whose column body_mass_g is private and required."""
    return published(tmp_path, constraints={"required": True, "minimum": 2700, "maximum": 6300})


def published(volume: Path, *, constraints: dict[str, Any], **keys: Any) -> Artifact:
    """Publish the contract's model of penguins with another column body_mass_g."""
    example = open_latest(ROOT / "contract/examples/penguins/model", "model")
    document = json.loads(example.file("model.json").read_bytes())
    for each in document["signature"]["fields"]:
        if each["name"] == PRIVATE:
            each.update({"private": True, "constraints": constraints} | keys)
    lines = example.file("examples.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["row"][PRIVATE] = None
    with open_draft(volume) as draft:
        (draft.path / "model.json").write_text(json.dumps(document), encoding="utf-8")
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (draft.path / "examples.jsonl").write_text(text, encoding="utf-8")
        return publish(draft, volume, example.manifest, run={})


def test_a_required_private_column_has_a_made_up_value_in_the_request(model: Artifact) -> None:
    made_up = MadeUp({"/predict": (200, "{}"), "/ready": (200, READY)})
    with serving(made_up) as url:
        Serve("penguins", url=url).predict(model)

    (row,) = json.loads(made_up.bodies[-1])["rows"]
    assert row[PRIVATE] == 4500
    assert row["island"] is not None


def test_a_server_of_somebody_else_is_sent_the_made_up_value_as_well(model: Artifact) -> None:
    made_up = MadeUp({"/v2/models/penguins/infer": (200, "{}")})
    with serving(made_up) as url:
        Serve("penguins", url=url).predict(model)

    inputs = {each["name"]: each["data"] for each in json.loads(made_up.bodies[-1])["inputs"]}
    assert inputs[PRIVATE] == [4500]


def test_a_refused_placeholder_is_reported_and_is_no_error(model: Artifact) -> None:
    answers = {"/predict": (422, "wrong"), "/ready": (200, READY)}
    with serving(MadeUp(answers)) as url:
        _, _, answer = Serve("penguins", url=url).predict(model)

    assert answer == f"placeholders for {PRIVATE} are refused: wrong"


def test_a_refused_row_without_a_made_up_value_is_an_error(tmp_path: Path) -> None:
    model = published(tmp_path, constraints={}, observed={"rows": 277, "missing": 1})
    answers = {"/predict": (422, "wrong"), "/ready": (200, READY)}
    refused = pytest.raises(ServeError, match="serve refused /predict with 422: wrong")
    with serving(MadeUp(answers)) as url, refused:
        Serve("penguins", url=url).predict(model)


@pytest.mark.parametrize(
    ("kind", "limits", "made_up"),
    [
        ("integer", {"minimum": 2700}, 2701),
        ("integer", {"exclusiveMinimum": 0, "exclusiveMaximum": 2}, 1),
        ("number", {"minimum": 0, "maximum": 1}, 0.5),
        ("number", {"exclusiveMaximum": -3.5}, -4),
        ("number", {}, 0.5),
        ("boolean", {}, True),
        ("string", {"enum": ["b", "c"]}, "b"),
        ("string", {"minLength": 6}, "textxx"),
        ("string", {"maxLength": 2}, "te"),
        ("date", {"minimum": "2020-02-29"}, "2020-02-29"),
        ("date", {"exclusiveMaximum": "2020-03-01"}, "2020-02-29"),
        ("datetime", {"exclusiveMinimum": "2020-02-29T05:00:00Z"}, "2020-03-01T00:00:00Z"),
        ("datetime", {}, "2013-01-31T05:00:00Z"),
    ],
)
def test_a_made_up_value_is_within_the_limits(
    tmp_path: Path, kind: str, limits: dict[str, Any], made_up: object
) -> None:
    model = published(tmp_path, constraints={"required": True} | limits, type=kind)

    row, columns = sample_row(model)

    assert (row[PRIVATE], columns) == (made_up, [PRIVATE])


def test_a_private_value_is_in_no_request_though_the_example_has_it(model: Artifact) -> None:
    path = model.path / "examples.jsonl"
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])["row"] | {PRIVATE: 3333}
    private = Artifact(model.path, model.manifest, {"model.json", "examples.jsonl"})
    path.write_text(json.dumps({"row": row}), encoding="utf-8")

    assert "3333" not in json.dumps(sample_row(private))


def test_a_key_of_the_file_is_sent_and_one_that_serve_does_not_know_is_counted() -> None:
    model = {"/model": (200, "{}"), "/ready": (200, READY)}
    with serving(MadeUp(model, key=KEY)) as url:
        serve = Serve("tiny", [KEY, "another key of the file"], url=url)

        assert serve.ask("/model").status == 200
        assert serve.unknown_keys() == 1


@pytest.mark.parametrize(("wanted", "unknown"), [("{}", 1), ("", 0)])
def test_keys_of_a_file_that_failed_the_check_are_not_said_to_be_unknown(
    wanted: str, unknown: int
) -> None:
    container = {"Config": {"Labels": {"com.docker.compose.service": "serve"}}}
    described = {"containers": [container], "config": {}, "images": []}
    with serving(MadeUp({"/ready": (200, READY)}, key=KEY)) as url:
        found = find(
            described, Serve("tiny", ["a key  # ours"], url), wanted=wanted, recreates=False
        )

    assert found.unknown_keys == unknown


def test_settings_are_read_from_the_metrics_and_are_unknown_without_them() -> None:
    metrics = (
        'stagecoach_setting_info{setting="max_rows",value="5"} 1\n'
        r'stagecoach_setting_info{setting="public",value="[\"/live\"]"} 1' + "\n"
    )
    with serving(MadeUp({"/metrics": (200, metrics)})) as url:
        assert Serve("tiny", url=url).settings() == {"max_rows": 5, "public": ["/live"]}
    with serving(MadeUp({"/metrics": (200, "other 1\n")})) as url:
        assert Serve("tiny", url=url).settings() is None


def test_a_refused_model_is_told_with_its_reason_and_the_one_that_answers() -> None:
    refused = {"id": "b" * 16, "reason": "too slow"}
    ready = json.dumps({"model": "a" * 16, "refused": refused})
    told = f"refuses model {'b' * 16}.*{'a' * 16}: too slow"
    with serving(MadeUp({"/ready": (200, ready)})) as url, pytest.raises(ServeError, match=told):
        Serve("tiny", url=url).wait_for("b" * 16)


def test_a_server_with_the_open_inference_protocol_alone_is_asked_in_that() -> None:
    versions = {"/v2/models/tiny": (200, json.dumps({"versions": ["c" * 16]}))}
    with serving(MadeUp(versions)) as url:
        serve = Serve("tiny", url=url)

        assert serve.has_only_oip()
        assert serve.readiness().model == "c" * 16


def test_a_server_without_a_model_says_why() -> None:
    unready = {"/ready": (503, json.dumps({"detail": "no model is live: none was published"}))}
    with serving(MadeUp(unready)) as url:
        assert Serve("tiny", url=url).readiness().reason == "no model is live: none was published"


def test_docs_are_named_only_where_a_browser_gets_them() -> None:
    docs = {"/docs": (200, "")}
    with serving(MadeUp(docs, key=KEY)) as url:
        assert not Serve("tiny", [KEY], url=url).shows_docs()
    with serving(MadeUp(docs)) as url:
        assert Serve("tiny", url=url).shows_docs()


@pytest.mark.parametrize(("value", "is_shown"), [("true", True), ("false", False)])
def test_the_page_is_named_only_where_the_settings_have_it(*, value: str, is_shown: bool) -> None:
    metric = f'stagecoach_setting_info{{setting="page",value="{value}"}} 1\n'
    with serving(MadeUp({"/metrics": (200, metric)})) as url:
        assert Serve("tiny", url=url).shows_page() is is_shown


def test_a_foreign_server_has_no_page() -> None:
    with serving(MadeUp({"/": (200, "hello")})) as url:
        assert not Serve("tiny", url=url).shows_page()


def test_keys_are_read_as_serve_reads_them(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_bytes(f"\ufeff# ours\r\n{KEY}\r\n\r\n".encode())
    pipeline = tmp_path / "tiny.toml"
    pipeline.write_text(f"[serve]\napi_keys_file = '{keys}'\n", encoding="utf-8")

    assert open_serve(pipeline) == Serve("tiny", [KEY])


def test_a_serve_whose_pipeline_file_is_wrong_by_now_is_asked_all_the_same(tmp_path: Path) -> None:
    pipeline = tmp_path / "tiny.toml"
    pipeline.write_text("[serve]\n[serve]\n", encoding="utf-8")

    assert open_serve(pipeline) == Serve("tiny")
