"""Downloads: complete, bounded, verified, and resumed after a broken connection."""

import gzip
import hashlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from ingest.connectors import downloads, http_requests
from web import Web, file, garbage, part, serving, status, torn

type Stage = Any
"""The fixture of conftest.py."""

CSV = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number % 7) for number in range(90_000))
ROWS = 90_000
SHA256 = hashlib.sha256(CSV).hexdigest()
LONGER = CSV + b"90000,1\n"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "RETRY_DELAYS_SECONDS", (0.0,) * 4)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(file(CSV)) as web:
        yield web


def test_a_file_is_downloaded_and_named_by_its_address_and_its_own_digest(
    stage: Stage, web: Web
) -> None:
    assert stage.run(f'source = "{web.url}"') == 0

    published = stage.latest()
    assert published.columns["a"][-1] == "89999"
    (source,) = published.artifact.manifest["inputs"]
    assert (source["source"], source["bytes"]) == (web.url, len(CSV))
    assert source["sha256"] == hashlib.sha256(CSV).hexdigest()
    assert published.source["files"][0]["source"] == web.url
    assert sorted(path.name for path in published.artifact.path.iterdir()) == [
        "manifest.json",
        "run.json",
        "source.json",
        "table",
    ]


def test_a_broken_download_goes_on_where_it_stopped(stage: Stage, web: Web) -> None:
    web.responders = [torn(CSV, 300_000), torn(CSV, 200_000)]

    assert stage.run(f'source = "{web.url}"') == 0
    assert web.headers("Range") == [None, "bytes=300000-", "bytes=500000-"]
    assert web.headers("If-Range") == [None, '"one"', '"one"']
    assert stage.latest().artifact.manifest["inputs"][0]["bytes"] == len(CSV)
    assert "the connection broke off; retrying in 0 s" in stage.printed()


def test_a_file_that_changes_midway_is_read_from_its_start(stage: Stage, web: Web) -> None:
    web.responders, web.always = [torn(CSV, 300_000)], file(LONGER, '"two"')

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().table.num_rows == ROWS + 1


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_nothing_is_pieced_together(
    stage: Stage, web: Web, etag: str | None
) -> None:
    web.responders, web.always = [torn(CSV, 300_000, etag)], file(LONGER, etag)

    assert stage.run(f'source = "{web.url}"') == 0
    assert web.headers("Range") == [None, None]
    assert stage.latest().table.num_rows == ROWS + 1


@pytest.mark.parametrize(
    "wrong",
    [
        part(CSV[9:], f"bytes 9-{len(CSV) - 1}/{len(CSV)}"),
        part(CSV[300_000:], "items 1-2/3"),
        status(416),
        torn(CSV, 10, '"two"'),
    ],
)
def test_another_part_than_the_one_asked_for_is_not_used(
    stage: Stage, web: Web, wrong: Any
) -> None:
    web.responders = [torn(CSV, 300_000), wrong]

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().artifact.manifest["inputs"][0]["sha256"] == (
        hashlib.sha256(CSV).hexdigest()
    )


def test_a_part_that_nobody_asked_for_is_not_taken_for_the_whole(stage: Stage, web: Web) -> None:
    web.responders = [part(CSV[:300_000], f"bytes 0-299999/{len(CSV)}")]

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().table.num_rows == ROWS


def test_a_download_that_breaks_again_and_again_ends_with_69(stage: Stage, web: Web) -> None:
    web.always = torn(CSV, 1000)

    assert stage.failure(f'source = "{web.url}"', exit_code=69) == (
        f"{web.url}: the connection broke off, after 5,000 bytes in at most 5 attempts;"
        " run ingest again later"
    )
    assert len(web.asked) == 5


def test_a_busy_server_is_asked_again_after_the_time_it_wants(
    stage: Stage, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(downloads.time, "sleep", pauses.append)
    web.responders = [status(503, Retry_After="7"), status(429), status(500)]

    assert stage.run(f'source = "{web.url}"') == 0
    assert pauses == [7, 0, 0]


def test_a_server_that_wants_an_hour_is_not_waited_for(stage: Stage, web: Web) -> None:
    web.always = status(503, Retry_After="3600")

    assert "answers 503" in stage.failure(f'source = "{web.url}"', exit_code=69)
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (401, "check the credentials in the file that credentials_file names"),
        (403, "check the credentials in the file that credentials_file names"),
        (404, "check the address"),
        (204, "check the address"),
    ],
)
def test_other_answers_end_at_once(stage: Stage, web: Web, code: int, remedy: str) -> None:
    web.always = status(code)

    why = stage.failure(f'source = "{web.url}"', exit_code=69)

    assert why.startswith(f"{web.url}: answers {code}; {remedy}")
    assert len(web.asked) == 1


def test_a_server_that_is_not_there_is_told_at_once(stage: Stage) -> None:
    url = f"http://127.0.0.1:{free_port()}/t.csv"

    why = stage.failure(f'source = "{url}"', exit_code=69)

    assert why == f"{url}: no connection (Connection refused); check that it runs, and its port"


def test_without_a_network_the_overlay_is_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_requests, "has_network", lambda: False)

    why = stage.failure('source = "http://nowhere.invalid/t.csv"', exit_code=69)

    assert why == (
        "http://nowhere.invalid/t.csv: this container has no network; give ingest one:"
        " COMPOSE_FILE=compose.yaml:deploy/sources.yaml PIPELINE=test make up"
    )


def test_a_host_that_is_unknown_is_told_as_one(stage: Stage) -> None:
    why = stage.failure('source = "http://nowhere.invalid/t.csv"', exit_code=69)

    assert why.startswith("http://nowhere.invalid/t.csv: no such host; check the address")


def test_what_is_no_http_is_told_as_that(stage: Stage, web: Web) -> None:
    web.always = garbage

    assert "the answer is not HTTP" in stage.failure(f'source = "{web.url}"', exit_code=69)


def test_a_silent_server_is_not_waited_for_without_end(
    stage: Stage, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_requests, "READ_TIMEOUT_SECONDS", 0.05)

    def silent(request: Any) -> None:
        # Until the client has gone.
        request.connection.recv(1)

    web.always = silent
    assert "no answer in time" in stage.failure(f'source = "{web.url}"', exit_code=69)


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_refused(stage: Stage, web: Web, *, announced: bool) -> None:
    if not announced:
        web.always = chunked(CSV)

    why = stage.failure(f'source = "{web.url}"\nmax_bytes = 1000', exit_code=65)

    assert why == (
        f"{web.url}: is larger than max_bytes = 1000; set max_bytes in [ingest] if that is right"
    )


def test_a_file_without_an_announced_size_is_read_to_its_end(stage: Stage, web: Web) -> None:
    web.always = chunked(CSV)

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().table.num_rows == ROWS
    assert "gives no length" not in stage.printed()


def test_a_file_that_may_have_broken_off_unseen_is_told_with_the_remedy(
    stage: Stage, web: Web
) -> None:
    web.always = without_length(CSV)
    settings = f'source = "{web.url}"'
    message = f"gives no length, so an incomplete file looks complete; set sha256 = '{SHA256}'"

    assert stage.run(settings) == 0
    assert message in stage.printed()
    assert stage.run(f'{settings}\nsha256 = "{SHA256}"') == 0
    assert "gives no length" not in stage.printed()


def test_an_empty_file_is_no_table(stage: Stage, web: Web) -> None:
    web.always = file(b"")

    why = stage.failure(f'source = "{web.url}"', exit_code=65)

    assert why == f"{web.url}: the file is empty; expected a table"


def test_a_file_that_is_not_the_declared_one_is_refused(stage: Stage, web: Web) -> None:
    declared = "0" * 64

    why = stage.failure(f'source = "{web.url}"\nsha256 = "{declared}"', exit_code=65)

    assert why.startswith(
        f"{web.url}: has SHA-256 {hashlib.sha256(CSV).hexdigest()}, expected 0000"
    )


def test_a_compressed_file_is_found_by_its_first_bytes(stage: Stage, web: Web) -> None:
    web.always = file(gzip.compress(CSV))

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().table.num_rows == ROWS


def test_a_download_that_ends_leaves_no_draft(stage: Stage, web: Web) -> None:
    web.always = file(b"a,b\n1\n")

    assert "no rows" in stage.failure(f'source = "{web.url}"', exit_code=65)


def chunked(content: bytes) -> Any:
    def answer(request: Any) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for start in range(0, len(content), 60_000):
            piece = content[start : start + 60_000]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        request.wfile.write(b"0\r\n\r\n")
        request.close_connection = True

    return answer


def without_length(content: bytes) -> Any:
    def answer(request: Any) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)
        request.close_connection = True

    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
