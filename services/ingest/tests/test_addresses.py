"""Addresses: the kinds of `source`, and the settings that fit each kind."""

from pathlib import Path

import pytest
from ingest.settings import Settings
from ingest.sources.addresses import source_kind, sqlite_path
from stage_contract import SettingsError, read_pipeline, resolve

HTTPS = 'source = "https://shop.example/t.csv"'
POSTGRESQL = 'source = "postgresql://shop.example/shop"'
SQLITE = 'source = "sqlite:///shop.db"'
FILE = 'source = "t.csv"'


def why(folder: Path, text: str) -> str:
    path = folder / "t.toml"
    path.write_text(f"[ingest]\n{text}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as message:
        resolve(Settings, read_pipeline(path), "ingest")
    return str(message.value).removeprefix("t.toml: [ingest] ")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("t.csv", "files"),
        ("sales/*.csv", "files"),
        ("a:b.csv", "files"),
        ("sqlite:///shop.db", "sqlite"),
        ("postgresql://h/db", "postgresql"),
        ("postgres://h/db", "postgresql"),
        ("http://h/t", "http"),
        ("HTTPS://h/t", "http"),
    ],
)
def test_the_scheme_says_what_it_is(source: str, kind: str) -> None:
    assert source_kind(source) == kind


def test_a_database_file_is_below_the_data_folder() -> None:
    assert sqlite_path("sqlite:///2024/shop.db") == "2024/shop.db"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "s3://bucket/t.csv",
            "source: s3:// is not supported; expected https://, http://, postgresql",
        ),
        ("mysql://h/db", "source: mysql:// is not supported"),
        ("https:///t.csv", "source: names no host"),
        ("https://:80/t.csv", "source: names no host"),
        ("https://h:0/t.csv", "source: names no host"),
        ("https://h/a b.csv", "source: an address must be ASCII without spaces"),
        ("https://h/ä.csv", "source: an address must be ASCII"),
        ("https://h/t.csv#top", "source: has a fragment"),
    ],
)
def test_a_wrong_address_is_told(tmp_path: Path, source: str, message: str) -> None:
    assert why(tmp_path, f'source = "{source}"').startswith(message)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("postgresql://h", "source: names no database; expected postgresql://host/database"),
        ("postgresql:///shop", "source: names no host"),
        ("postgresql://h/db?options=-c", "source: its parameter options is not known; expected"),
        ("sqlite://shop.db", "source: expected sqlite:///file with three slashes"),
        ("sqlite:///", "source: expected sqlite:///file with three slashes"),
    ],
)
def test_a_wrong_database_is_told(tmp_path: Path, source: str, message: str) -> None:
    assert why(tmp_path, f'source = "{source}"\ntable = "t"').startswith(message)


@pytest.mark.parametrize("source", [POSTGRESQL, SQLITE])
@pytest.mark.parametrize("more", ["", '\ntable = "t"\nquery = "select 1"'])
def test_a_database_needs_one_of_query_and_table(tmp_path: Path, source: str, more: str) -> None:
    assert why(tmp_path, source + more) == (
        'a database needs either query or table; expected table = "orders" or query = "select …"'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{FILE}\nquery = "select 1"', "query is not a setting for files; leave it out"),
        (f'{FILE}\nversion = "1"', "version is not a setting for files; leave it out"),
        (f'{FILE}\ncredentials_file = "x"', "credentials_file is not a setting for files; leave"),
        (f"{FILE}\nmax_bytes = 1", "max_bytes is not a setting for files; leave it out"),
        (f'{HTTPS}\ntable = "t"', "table is not a setting for downloads; leave it out"),
        (f'{SQLITE}\ntable = "t"\nversion = "1"', "version is not a setting for databases; leave"),
        (f'{SQLITE}\ntable = "t"\nheader = false', "header is not a setting for databases; leave"),
        (
            f'{POSTGRESQL}\ntable = "t"\nsha256 = "{"0" * 64}"',
            "sha256 is not a setting for databas",
        ),
        (f'{SQLITE}\ntable = ""', "table = '': String should have at least 1 character"),
        (f'{POSTGRESQL}\nquery = ""', "query = '': String should have at least 1 character"),
        (f'{HTTPS}\nsha256 = "ABC"', "sha256 = 'ABC': String should match pattern"),
        (f"{HTTPS}\nmax_bytes = 0", "max_bytes = 0: Input should be greater than or equal to 1"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    assert why(tmp_path, text).startswith(message)
