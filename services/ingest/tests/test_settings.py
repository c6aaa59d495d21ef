"""Settings: an invalid setting ends the run with one line, also for errors of pydantic."""

from pathlib import Path
from typing import Any

import pytest
from ingest.settings import Settings
from pydantic import BaseModel
from stage_contract import SettingsError, read_pipeline, resolve


class Column(BaseModel, frozen=True, extra="forbid"):
    minimum: float | None = None


class Target(BaseModel, frozen=True, extra="forbid"):
    column: str
    above: float | None = None


class Nested(BaseModel, frozen=True, extra="forbid"):
    """Settings with every type of field that a stage may have."""

    target: Target | None = None
    columns: dict[str, Column] = {}
    rules: tuple[Column, ...] = ()
    names: tuple[str, ...] = ()


def why(folder: Path, text: str, model: type[BaseModel] = Settings) -> str:
    path = folder / "t.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as message:
        resolve(model, read_pipeline(path), "ingest")
    return str(message.value)


def test_one_line_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('source = "t.csv"')

    assert resolve(Settings, read_pipeline(path), "ingest") == Settings(source="t.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('delimeter = ";"', "delimeter is not a setting; did you mean delimiter?"),
        ("source = 5", "source = 5: Input should be a valid string"),
        (
            'format = "avro"',
            "format = 'avro': Input should be 'csv', 'jsonl', 'parquet', 'a",
        ),
        (
            "delimiter = '\\t'",
            """'\\\\t': expected one character; a tab is "\\t" in double""",
        ),
        ('delimiter = ""', "delimiter = '': expected one character"),
        ('delimiter = "\\n"', "expected one character"),
        ('delimiter = "→→"', "delimiter = '→→': expected one character"),
        ('quote = "``"', "quote = '``': expected one character"),
        ("delimiter = '\"'", "delimiter and quote are the same; expected two characters"),
        ("escape = '\"'", "quote and escape are the same; expected two characters"),
        ("skip = -1", "skip = -1: Input should be greater than or equal to 0"),
        ('encoding = "utf8mb4"', "expected an encoding such as utf-8, latin-1, cp1252"),
        ('encoding = "base64"', "expected an encoding such as utf-8, latin-1, cp1252"),
        ('encoding = "punycode"', "expected an encoding such as utf-8, latin-1, cp1252"),
        ('encoding = "idna"', "expected an encoding such as utf-8, latin-1, cp1252"),
        ("header = 5", "header = 5: Input should be a valid boolean"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    source = "" if "source" in text else 'source = "t.csv"\n'

    message = why(tmp_path, f"[ingest]\n{source}{text}\n")

    assert message.startswith("t.toml: [ingest] ")
    assert says in message
    assert "\n" not in message


def test_spellings_of_one_encoding_are_one_setting() -> None:
    settings = [Settings(source="a", encoding=name) for name in ("UTF8", "utf-8", "U8")]

    assert {item.encoding for item in settings} == {"utf-8"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("target = {colum = 'a'}", "target.colum is not a setting; did you mean column?"),
        ("columns.price.minimun = 0", "columns.price.minimun is not a .* did you mean minimum?"),
        ("rules = [{minimun = 0}]", "rules.0.minimun is not a setting; did you mean minimum?"),
        ("names = 'a'", "names = 'a': Input should be a valid list"),
        ("columns.price.minimum = 'x'", "columns.price.minimum = 'x': Input should be a valid"),
        ("columns.price.minimum = nan", "inf and nan are not valid in a manifest"),
    ],
)
def test_nested_settings_are_told_like_others(tmp_path: Path, text: str, says: Any) -> None:
    message = why(tmp_path, f"[ingest]\n{text}\n", Nested)

    assert message.startswith("t.toml: [ingest] ")
    for part in says.split(".*"):
        assert part in message


def test_the_selection_is_the_rows_of_a_database_and_the_columns_of_any_source() -> None:
    database = {"source": "sqlite:///shop.db", "table": "orders"}

    assert Settings.model_validate(database).selection == {"table": "orders"}
    assert Settings.model_validate({"source": "a.csv", "skip": 2}).selection == {}
    chosen = {"source": "a.csv", "skip_columns": ["b"], "flatten": True}
    assert Settings.model_validate(chosen).selection == {"skip_columns": ["b"], "flatten": True}
