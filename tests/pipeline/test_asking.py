"""What is asked of a running serve, here a made-up one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from serving.asking import Serve, ServeError, open_serve

KEY = "0123456789abcdef"
READY = json.dumps({"status": "ready", "model": "a" * 16, "refused": None})


@dataclass
class MadeUp:
    """Answers by path; with a key, all but `/ready` want it."""

    answers: dict[str, tuple[int, str]]
    key: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(made_up: MadeUp) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made_up.asked.append(self.path)
            status, text = made_up.answers.get(self.path, (404, ""))
            if made_up.key and self.path != "/ready" and self.headers["x-api-key"] != made_up.key:
                status, text = 401, "no"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_key_of_the_file_is_sent_and_one_that_serve_does_not_know_is_counted() -> None:
    model = {"/model": (200, "{}"), "/ready": (200, READY)}
    with serving(MadeUp(model, key=KEY)) as url:
        serve = Serve("tiny", [KEY, "another key of the file"], url=url)

        assert serve.ask("/model").status == 200
        assert serve.unknown_keys() == 1


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

        assert serve.speaks_oip_alone()
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
