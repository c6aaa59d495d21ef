"""Redirects are followed if that is safe, and credentials go to one server only."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from ingest.connectors.credentials import Credentials
from ingest.connectors.http_requests import HttpClient
from stage_contract import SourceError
from web import Web, file, serving, status

type Stage = Any
"""The fixture of conftest.py."""

CSV = b"a,b\n1,2\n"
BASIC = f"Basic {base64.b64encode(b'reader:s3cret').decode()}"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(file(CSV)) as web:
        yield web


@pytest.fixture
def other() -> Iterator[Web]:
    """Another server: the same host on another port."""
    with serving(file(CSV)) as web:
        yield web


def secret(stage: Stage, text: str = "reader:s3cret\n") -> str:
    path = stage.root / "credentials"
    path.write_text(text, encoding="utf-8")
    return f'credentials_file = "{path}"'


def test_redirects_are_followed(stage: Stage, web: Web, other: Web) -> None:
    web.always = status(302, Location=other.url)

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().artifact.manifest["inputs"][0]["source"] == web.url


def test_a_redirect_may_be_relative(stage: Stage, web: Web) -> None:
    web.responders = [status(307, Location="newest/shop.csv")]

    assert stage.run(f'source = "{web.url}"') == 0
    assert [path for path, _ in web.asked] == ["/shop.csv", "/newest/shop.csv"]


def test_redirects_without_end_are_not_followed_for_ever(stage: Stage, web: Web) -> None:
    web.always = status(301, Location=web.url)

    why = stage.failure(f'source = "{web.url}"', exit_code=69)

    assert why == f"{web.url}: redirects more than 5 times; name the last address"
    assert len(web.asked) == 6


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://x/y", "http://[::1/t.csv", "http://x:99999/"]
)
def test_a_redirect_to_what_is_no_web_server_is_refused(
    stage: Stage, web: Web, location: str
) -> None:
    web.always = status(302, Location=location)

    assert "redirects to an address that is not http" in stage.failure(
        f'source = "{web.url}"', exit_code=69
    )


def test_a_redirect_without_a_target_is_refused(stage: Stage, web: Web) -> None:
    web.always = status(302)

    assert "redirects to an address that is not http" in stage.failure(
        f'source = "{web.url}"', exit_code=69
    )


def test_a_redirect_from_https_to_http_is_refused() -> None:
    requests = HttpClient("https://shop.example/t.csv", Credentials(""))

    with pytest.raises(SourceError) as refused:
        requests.follow("https://shop.example/t.csv", "http://shop.example/t.csv")

    assert str(refused.value) == (
        "https://shop.example/t.csv: redirects from https to http://shop.example, where anyone"
        " could change the data; name an address that stays with https"
    )


def test_credentials_go_to_their_server(stage: Stage, web: Web) -> None:
    web.responders = [status(302, Location="/new.csv")]

    assert stage.run(f'source = "{web.url}"\n{secret(stage)}') == 0
    assert web.headers("Authorization") == [BASIC, BASIC]


def test_credentials_go_to_no_other_server(stage: Stage, web: Web, other: Web) -> None:
    web.always = status(302, Location=other.url)

    assert stage.run(f'source = "{web.url}"\n{secret(stage)}') == 0
    assert web.headers("Authorization") == [BASIC]
    assert other.headers("Authorization") == [None]


def test_credentials_come_back_with_the_way_back(stage: Stage, web: Web, other: Web) -> None:
    web.responders = [status(302, Location=other.url)]
    other.always = status(302, Location=web.url)

    assert stage.run(f'source = "{web.url}"\n{secret(stage)}') == 0
    assert web.headers("Authorization") == [BASIC, BASIC]
    assert other.headers("Authorization") == [None]


def test_a_token_is_sent_as_it_is(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"\n{secret(stage, "Bearer abc.def")}') == 0
    assert web.headers("Authorization") == ["Bearer abc.def"]


@pytest.mark.parametrize(
    ("query", "asked"), [("", "?sig=s3cret"), ("?year=1", "?year=1&sig=s3cret")]
)
def test_parameters_are_added_to_the_address_and_to_no_other(
    stage: Stage, web: Web, other: Web, query: str, asked: str
) -> None:
    web.always = status(302, Location=other.url)

    assert stage.run(f'source = "{web.url}{query}"\n{secret(stage, "?sig=s3cret")}') == 0
    assert [path for path, _ in web.asked] == [f"/shop.csv{asked}"]
    assert [path for path, _ in other.asked] == ["/shop.csv"]
    assert web.headers("Authorization") == [None]
