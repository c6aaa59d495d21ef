"""The table [serve], and where the server listens."""

from pathlib import Path
from typing import Any

import pytest
from serve.runtime.access import check_path
from serve.runtime.origins import check_origin
from serve.settings import Settings, read_address
from stage_contract import SettingsError, read_pipeline, resolve


def settings_of(tmp_path: Path, table: str) -> Settings:
    path = tmp_path / "test.toml"
    path.write_text(f"[serve]\n{table}")
    return resolve(Settings, read_pipeline(path), "serve")


def test_a_pipeline_needs_no_serve_table(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")

    assert settings == Settings()
    assert (settings.max_body_bytes, settings.max_rows) == (8 * 1024 * 1024, 10_000)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("worker = 2", "worker is not a setting; did you mean workers?"),
        ("workers = 0", "workers = 0: "),
        ("max_rows = 0", "max_rows = 0: "),
        ("poll_seconds = 0", "poll_seconds = 0: "),
        ("docs = 'maybe'", "docs = 'maybe': "),
        ("cors_origins = ['*', 'https://a/']", "cors_origins.1 = 'https://a/': expected \"*\" or "),
        ("public = ['live']", "public.0 = 'live': expected a path such as /docs, "),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"test\.toml: ") as error:
        settings_of(tmp_path, table)

    assert said in str(error.value)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://a.example",
        "http://localhost:3000",
        "http://[::1]:81",
        "app://b_c",
        "http://a:443",
    ],
)
def test_an_origin_is_what_a_browser_sends(origin: str) -> None:
    assert Settings(cors_origins=(origin,)).cors_origins == (origin,)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://a.example/", "https://a.example"),
        ("https://a.example/page?x=1", "https://a.example"),
        ("HTTPS://A.example", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("a.example:3000", "https://a.example:3000"),
        (" https://a.example", "https://a.example"),
        ("https://*.a.example", None),
        ("https://user@a.example", None),
        ("https://a.example, https://b.example", None),
        ("https://bücher.example", None),
        ("https://", None),
        ("", None),
    ],
)
def test_what_no_browser_sends_is_no_origin(text: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match=r"scheme://host\[:port\]") as error:
        check_origin(text)

    assert str(error.value).partition("; ")[2] == (f"did you mean {meant}?" if meant else "")


@pytest.mark.parametrize("path", ["/", "/docs", "/v2/health", "/v2/models/a b"])
def test_a_public_path_is_one_that_requests_have(path: str) -> None:
    assert Settings(public=(path,)).public == (path,)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("live", "/live"),
        ("/v2/", "/v2"),
        ("//docs", "/docs"),
        ("/docs?x=1", "/docs"),
        ("/v2/models/a%20b", "/v2/models/a b"),
        ("/v2//health", None),
        ("/docs#top", None),
    ],
)
def test_what_no_request_has_is_no_public_path(text: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match="with / in front") as error:
        check_path(text)

    assert str(error.value).partition("; ")[2] == (f"did you mean {meant}?" if meant else "")


def test_the_address_is_that_of_a_container_unless_the_environment_says_otherwise() -> None:
    assert read_address({}) == ("0.0.0.0", 8000)
    assert read_address({"STAGE_HOST": "127.0.0.1", "STAGE_PORT": "81"}) == ("127.0.0.1", 81)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "٣"])
def test_a_port_that_is_none_is_refused(port: Any) -> None:
    with pytest.raises(SettingsError, match="expected a port from 1 to 65535"):
        read_address({"STAGE_PORT": port})
