"""Secrets come from files, and are in no setting, log, report or artifact."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ingest.connectors.credentials import Credentials, read_credentials
from ingest.settings import Settings
from stage_contract import SettingsError
from web import Web, file, serving, status

type Stage = Any
"""The fixture of conftest.py."""

SECRETS = ["reader:hunter2%/x", "Bearer hunter2%/x", "?sig=hunter2%/x"]


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(file(b"a,b\n1,2\n")) as web:
        yield web


def left_behind(stage: Stage) -> str:
    """Return all files and the log of a run."""
    paths = [path for path in (stage.root / "out").rglob("*") if path.is_file()]
    return stage.printed() + "".join(path.read_bytes().decode(errors="replace") for path in paths)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("log_format", ["", "json"])
def test_a_secret_is_nowhere_after_a_run(
    stage: Stage, web: Web, monkeypatch: pytest.MonkeyPatch, secret: str, log_format: str
) -> None:
    monkeypatch.setenv("LOG_FORMAT", log_format)
    monkeypatch.setenv("LOG_LEVEL", "debug")

    assert stage.run(settings(stage, web, secret)) == 0
    assert stage.run(settings(stage, web, secret), "--force") == 0
    left = left_behind(stage)
    assert web.url in left
    assert "hunter2" not in left


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_nowhere_after_a_failure(
    stage: Stage, web: Web, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    web.always = status(401, WWW_Authenticate="Basic hunter2%/x")
    assert stage.run(settings(stage, web, secret)) == 69

    web.always = status(302, Location="http://user:hunter2%2Fx@127.0.0.1:1/t.csv?sig=hunter2%/x")
    assert stage.run(settings(stage, web, secret)) == 69
    assert "hunter2" not in left_behind(stage)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("https://reader:hunter2@shop.example/t.csv", "names a user or password before the host"),
        ("https://reader@shop.example/t.csv", "names a user or password before the host"),
        ("postgresql://reader:hunter2@shop.example/shop", "names a user or password"),
        ("https://shop.example/t.csv?token=hunter2", "its parameter token looks like a secret"),
        ("https://shop.example/t.csv?a=1&X-Amz-Signature=hunter2", "X-Amz-Signature looks like"),
        ("https://shop.example/t.csv?api_key=hunter2", "its parameter api_key looks like"),
        ("postgresql://shop.example/shop?password=hunter2", "password looks like a secret"),
        *(
            (f"https://shop.example/t.csv?{name}=hunter2", f"its parameter {name} looks like")
            for name in (
                *("key", "apikey", "x-api-key", "access-key", "AccessKeyId", "auth_key", "jwt"),
                *("subscription-key", "account_key", "Key-Id", "appid", "user_jwt", "app.key"),
            )
        ),
        ("host=db user=reader password=hunter2", "looks like an address, or names a password"),
        ("postgresql:/reader:hunter2@db/shop", "looks like an address"),
        ("reader:hunter2@db/shop", "looks like an address"),
        ("https://reader:hunter2@[shop/t.csv", "is not an address"),
        ("https://reader:hunter2@shop.example:port/t.csv", "is not an address"),
    ],
)
def test_a_secret_in_the_pipeline_file_is_refused_and_not_repeated(
    stage: Stage, source: str, why: str
) -> None:
    table = '\ntable = "t"' if source.startswith("postgresql://") else ""

    message = stage.failure(f'source = "{source}"{table}', exit_code=78)

    assert message.startswith("test.toml: [ingest] source: ")
    assert why in message
    assert "hunter2" not in left_behind(stage) + message


def test_a_password_in_a_value_of_another_type_is_not_repeated(stage: Stage) -> None:
    message = stage.failure('source = ["https://reader:hunter2@shop.example/t.csv"]', exit_code=78)

    assert "https://…@shop.example/t.csv" in message
    assert "hunter2" not in left_behind(stage) + message


def test_an_ordinary_parameter_is_no_secret(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}?year=2024&region=north&keyword=a&monkey=b"') == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty; expected one line: user:password"),
        ("  \n", "is empty"),
        ("hunter2", "expected one line: user:password, Bearer token, or ?name=value"),
        ("reader:hunter2\nother:hunter2\n", "expected one line"),
        ("Bearer hunter2€", "expected one line"),
        ("?sig=hunter2\x7f", "expected one line"),
    ],
)
def test_a_file_of_another_form_is_refused(stage: Stage, web: Web, text: str, why: str) -> None:
    message = stage.failure(settings(stage, web, text), exit_code=78)

    assert why in message
    assert "hunter2" not in message


@pytest.mark.parametrize("text", ["Bearer hunter2", "?sig=hunter2"])
def test_a_database_takes_a_user_and_a_password_alone(stage: Stage, text: str) -> None:
    path = stage.root / "credentials"
    path.write_text(text, encoding="utf-8")
    source = f'source = "postgresql://h/db"\ntable = "t"\ncredentials_file = "{path}"'

    message = stage.failure(source, exit_code=78)

    assert message == f"credentials_file = '{path}': expected user:password for a database"


@pytest.mark.parametrize("text", ["reader:hunter2", "?sig=hunter2", "Bearer hunter2"])
def test_a_secret_where_its_file_should_be_named_is_not_repeated(
    stage: Stage, web: Web, text: str
) -> None:
    message = stage.failure(f'source = "{web.url}"\ncredentials_file = "{text}"', exit_code=78)

    assert message.startswith(
        "credentials_file: is not an absolute path; expected the path of a file"
    )
    assert "hunter2" not in left_behind(stage) + message


def test_a_file_that_is_missing_is_told_with_what_mounts_it(stage: Stage, web: Web) -> None:
    message = stage.failure(
        f'source = "{web.url}"\ncredentials_file = "/run/secrets/nothing"', exit_code=78
    )

    assert message == (
        "credentials_file = '/run/secrets/nothing': No such file or directory; deploy/sources.yaml"
        " mounts the file that SOURCE_CREDENTIALS names as /run/secrets/source"
    )


def test_a_file_that_is_not_readable_is_told_with_the_commands() -> None:
    class Forbidden(type(Path())):  # type: ignore[misc]  # of the platform
        def read_text(self, *_arguments: Any, **_options: Any) -> str:
            raise PermissionError(13, "Permission denied")

    with pytest.raises(SettingsError, match=r"not readable for uid \d+; on the host: chown"):
        read_credentials(Forbidden("/run/secrets/source"))


def test_a_file_that_is_no_text_is_refused(stage: Stage, web: Web) -> None:
    text = settings(stage, web, "")
    (stage.root / "credentials").write_bytes(b"\xff:\xfe")

    assert "is not UTF-8" in stage.failure(text, exit_code=78)


def test_the_place_of_the_file_is_no_part_of_the_cause() -> None:
    with_file = Settings(source="https://x/t.csv", credentials_file=Path("/run/secrets/source"))

    assert with_file.model_dump(mode="json") == (
        Settings(source="https://x/t.csv").model_dump(mode="json")
    )


def test_credentials_show_themselves_nowhere() -> None:
    assert "hunter2" not in repr(Credentials("reader:hunter2"))


@pytest.mark.parametrize("text", ["reader:p w/ü", "Bearer p w/ü", "?sig=p w/ü"])
def test_a_quoted_secret_is_hidden_in_any_form(text: str) -> None:
    said = f"no: {text}, p%20w%2F%C3%BC, sig%3Dp%20w%2F%C3%BC"

    assert "p w" not in Credentials(text).hide(said)


def settings(stage: Stage, web: Web, secret: str) -> str:
    path = stage.root / "credentials"
    path.write_text(f"{secret}\n" if secret else "", encoding="utf-8")
    return f'source = "{web.url}"\ncredentials_file = "{path}"'
