"""`ingest init FILE`: the settings of the reader, which it takes and writes."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from ingest.init_command.command import print_pipeline, propose_pipeline
from made_columns import noise
from stage_contract import ContractError, SettingsError

ROWS = [("größe", price) for price in noise()]
BROKEN = b"\xef\xbf\xbd"
"""A character that an earlier conversion lost."""

type Read = Callable[..., str]


def table(delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    lines = [delimiter.join(map(str, row)) for row in [("size", "price"), *ROWS]]
    return ("\n".join(lines) + "\n").encode(encoding)


def broken_table() -> bytes:
    lines = table(encoding="cp1252").splitlines()
    lines[2:30] = [b"a,1.5"] * 28
    lines[30:] = [BROKEN + b",2.5", b"\xfc,1.25", *[b"b,2.25"] * 40]
    return b"\n".join(lines) + b"\n"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that writes a file and returns the pipeline file of init."""

    def run(content: bytes, name: str = "t.csv", **reader: str) -> str:
        (tmp_path / name).write_bytes(content)
        return propose_pipeline(tmp_path, source=name, target="price", reader=reader)

    return run


def test_a_file_of_two_encodings_is_read_with_the_variable_that_the_error_names(read: Read) -> None:
    with pytest.raises(ContractError) as why:
        read(broken_table())
    assert str(why.value).endswith(
        "though line 31 is; expected one encoding, write the file again or set one, for example"
        " ENCODING=cp1252"
    )

    text = read(broken_table(), encoding="cp1252")

    assert tomllib.loads(text)["ingest"] == {"encoding": "cp1252"}
    assert "# encoding" not in text


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("a\nпривет\nмир\n".encode("cp1251"), "set ENCODING, for example ENCODING=cp1251, gbk or"),
        (b"a,price\n\xe9\x81,1\n", "set ENCODING, for example ENCODING=cp1250"),
        (b"a title\nb,price\n1,2\n3,4\n", "set SKIP=1 if the first line is a title, or a DELIM"),
        (b'a,price\n"b,2\n', "close it, or set QUOTE=none if quotes mean nothing"),
        (
            b'a,price\n"b"c,2\n',
            "or set ESCAPE=backslash if backslashes escape them, or QUOTE=none if quotes mean",
        ),
        (b"a,price\n1\n2\n", "fix the file, or set DELIMITER, QUOTE or SKIP"),
        (b"a,price\n" + b"1\n" * 400_000, "or set DELIMITER, QUOTE or SKIP"),
    ],
)
def test_an_error_names_variables_as_there_is_no_pipeline_file_yet(
    read: Read, content: bytes, remedy: str
) -> None:
    with pytest.raises(ContractError, match=re.escape(remedy)) as why:
        read(content)

    assert "[ingest]" not in str(why.value)


def test_a_file_without_json_objects_may_be_read_as_csv(read: Read) -> None:
    with pytest.raises(ContractError, match=r"expected one object a line, or set FORMAT=csv$"):
        read(table(), "t.jsonl")

    text = read(table(), "t.jsonl", format="csv")

    assert tomllib.loads(text)["ingest"] == {"format": "csv"}


@pytest.mark.parametrize(
    ("content", "given", "written"),
    [
        (table("\t"), {"delimiter": "tab"}, {"delimiter": "\t"}),
        (table("~"), {"delimiter": "~"}, {"delimiter": "~"}),
        (b"a title\n" + table(), {"skip": "1"}, {"skip": 1}),
        (table().replace(b"gr", b'"gr'), {"quote": "none"}, {"quote": ""}),
        (
            table().replace("größe".encode(), b'"a \\"b\\""'),
            {"escape": "backslash"},
            {"escape": "\\"},
        ),
    ],
)
def test_the_variables_are_written_as_settings(
    read: Read, content: bytes, given: dict[str, str], written: dict[str, str | int]
) -> None:
    file = tomllib.loads(read(content, **given))

    assert file["ingest"] == written
    assert list(file["clean"]["columns"]) == ["size", "price"]


def test_an_encoding_that_does_not_fit_the_file_is_refused_in_one_line(read: Read) -> None:
    with pytest.raises(ContractError) as why:
        read(table(encoding="cp1252"), encoding="utf-8")

    assert str(why.value) == (
        "t.csv: line 2 is not utf-8: byte 0xf6, invalid start byte; set another ENCODING, for"
        " example ENCODING=latin-1"
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"encoding": "utf-9"}, "ENCODING=utf-9: expected an encoding such as utf-8, latin-1"),
        ({"delimiter": "ab"}, "DELIMITER=ab: expected one character"),
        ({"quote": "ab"}, "QUOTE=ab: expected one character"),
        ({"skip": "-1"}, "SKIP=-1: "),
        ({"format": "avro"}, "FORMAT=avro: "),
        ({"delimiter": '"'}, "delimiter and quote are the same; expected two characters"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_variable(
    read: Read, given: dict[str, str], why: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(why)) as error:
        read(table(), **given)

    assert "\n" not in str(error.value)


def test_a_variable_that_the_format_has_no_use_for_is_refused(read: Read) -> None:
    with pytest.raises(SettingsError, match=r"^DELIMITER=;: t\.jsonl is not read with it; leave"):
        read(b'{"a": 1, "price": 2}\n', "t.jsonl", delimiter=";")


def test_the_command_takes_them_as_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STAGE_IN", str(tmp_path))
    (tmp_path / "t.csv").write_bytes(broken_table())

    with pytest.raises(SystemExit) as end:
        print_pipeline(["--target=price", "--encoding=cp1252", "--delimiter=,", "t.csv"])

    assert end.value.code == 0
    written = tomllib.loads(capsys.readouterr().out)["ingest"]
    assert written == {"encoding": "cp1252", "delimiter": ","}
