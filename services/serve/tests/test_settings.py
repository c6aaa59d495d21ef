"""The table [serve], and where the server listens."""

from pathlib import Path
from typing import Any

import pytest
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
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"test\.toml: ") as error:
        settings_of(tmp_path, table)

    assert said in str(error.value)


def test_the_address_is_that_of_a_container_unless_the_environment_says_otherwise() -> None:
    assert read_address({}) == ("0.0.0.0", 8000)
    assert read_address({"STAGE_HOST": "127.0.0.1", "STAGE_PORT": "81"}) == ("127.0.0.1", 81)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "٣"])
def test_a_port_that_is_none_is_refused(port: Any) -> None:
    with pytest.raises(SettingsError, match="expected a port from 1 to 65535"):
        read_address({"STAGE_PORT": port})
