"""The pipeline file: two lines are enough, and a slip of the pen is told with what was meant."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from stage_contract import SettingsError, did_you_mean, pipeline_path, read_pipeline, resolve
from stage_contract.stages.pipelines import KEEP_DEFAULT, Pipeline


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "diamonds.toml"


def read(path: Path, text: str) -> Pipeline:
    path.write_text(text, encoding="utf-8")
    return read_pipeline(path)


def test_two_lines_are_a_pipeline(path: Path) -> None:
    pipeline = read(path, 'source = "diamonds.csv"\ntarget = "price"\n')

    assert pipeline.table("ingest") == {"source": "diamonds.csv"}
    assert pipeline.table("features") == {"target": "price"}
    assert pipeline.table("train") == {}
    assert pipeline.name == "diamonds"


def test_a_derived_target_is_handed_on_as_a_table(path: Path) -> None:
    pipeline = read(path, 'target = {column = "arr_delay", above = 15, name = "late"}')

    assert pipeline.table("features") == {
        "target": {"column": "arr_delay", "above": 15, "name": "late"}
    }


def test_a_shorthand_joins_the_rest_of_its_table(path: Path) -> None:
    pipeline = read(path, 'source = "a.csv"\n[ingest]\ndelimiter = ";"\n')

    assert pipeline.table("ingest") == {"source": "a.csv", "delimiter": ";"}


def test_the_name_can_be_set(path: Path) -> None:
    assert read(path, 'name = "gems"').name == "gems"


@pytest.mark.parametrize("name", ["1", '""', "true"])
def test_a_name_that_is_no_text_is_refused(path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"diamonds.toml: name = .*: expected a text"):
        read(path, f"name = {name}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[claen]", "diamonds.toml: claen is not a stage or key; did you mean clean?"),
        ('Target = "price"', "Target is not a stage or key; did you mean target?"),
        ("[zebra]", "zebra is not a stage or key; expected one of clean, features, ingest, name, "),
        ("clean = 5", r"clean must be a table, written \[clean\]"),
        ('source = "a"\ningest.source = "b"', "source and ingest.source are the same; keep one"),
        ('target = "a"\n[features]\ntarget = "a"', "target and features.target are the same"),
    ],
)
def test_a_wrong_top_level_is_refused(path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source = diamonds.csv", "diamonds.toml: not TOML: .*line 1"),
        ('source = "a"\nsource = "b"', "not TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_not_toml_is_refused(path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(path, text)


def test_bytes_that_are_not_utf_8_are_refused(path: Path) -> None:
    path.write_bytes('target = "größe"'.encode("latin-1"))

    with pytest.raises(SettingsError, match="not TOML: 'utf-8' codec can't decode"):
        read_pipeline(path)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbfsource = "a.csv"\r\ntarget = "b"\r\n')

    assert read_pipeline(path).table("features") == {"target": "b"}


def test_a_missing_file_is_answered_with_the_closest(path: Path) -> None:
    path.write_text("")

    with pytest.raises(SettingsError, match=r"diamnds\.toml: no such .* did you mean diamonds"):
        read_pipeline(path.with_name("diamnds.toml"))


def test_a_missing_folder_is_a_missing_file(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such pipeline file$"):
        read_pipeline(path.parent / "nowhere" / "a.toml")


def test_keep_is_a_key_of_every_stage_and_no_setting_of_it(path: Path) -> None:
    pipeline = read(path, "[clean]\nkeep = 2\n")

    assert pipeline.table("clean") == {}
    assert pipeline.keep("clean") == 2
    assert pipeline.keep("train") == KEEP_DEFAULT


@pytest.mark.parametrize("keep", ["0", "-1", "true", '"2"', "1.5"])
def test_keep_must_be_a_positive_whole_number(path: Path, keep: str) -> None:
    pipeline = read(path, f"[clean]\nkeep = {keep}\n")

    with pytest.raises(SettingsError, match=r"diamonds.toml: \[clean\] keep = .*: expected 1 or"):
        pipeline.keep("clean")


def test_the_environment_names_the_pipeline_file() -> None:
    assert pipeline_path({}) == Path("/config/diamonds.toml")
    assert pipeline_path({"PIPELINE": ""}) == Path("/config/diamonds.toml")
    assert pipeline_path({"PIPELINE": "a", "STAGE_CONFIG": "/b"}) == Path("/b/a.toml")


def test_the_closest_name_is_found_whatever_its_case() -> None:
    assert did_you_mean("PRICE", ["price", "carat"]) == "; did you mean price?"


def test_without_a_close_name_the_known_ones_are_listed() -> None:
    assert did_you_mean("zebra", ["b", "a"]) == "; expected one of a, b"
    assert did_you_mean("zebra", []) == ""


def test_a_long_list_of_names_is_cut() -> None:
    hint = did_you_mean("zebra", [f"column_{number:03}" for number in range(500)])

    assert hint.startswith("; expected one of column_000, column_001, ")
    assert hint.endswith(", column_011, …")


class ModelError(ValueError):
    """Stands for pydantic's ValidationError, which the helper knows by its shape alone."""

    def __init__(self, *details: dict[str, Any]) -> None:
        super().__init__("many lines")
        self._details = [{"msg": "", "input": None} | detail for detail in details]

    def errors(self) -> list[dict[str, Any]]:
        return self._details


@dataclass
class Model:
    """Says what it is told to say."""

    error: ClassVar[ValueError | None] = None
    share: float = 0.5

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        if cls.error is not None:
            raise cls.error
        return cls(**obj)

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        column: dict[str, Any] = {"properties": {"minimum": {}, "maximum": {}}}
        target: dict[str, Any] = {"properties": {"column": {}, "above": {}}}
        return {
            "properties": {
                "target": {"anyOf": [{"$ref": "#/$defs/Target"}, {"type": "null"}]},
                "columns": {"additionalProperties": {"$ref": "#/$defs/Column"}},
                "rules": {"type": "array", "items": {"$ref": "#/$defs/Column"}},
            },
            "$defs": {"Column": column, "Target": target},
        }

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        assert mode == "json"
        return {"share": self.share}


def extra(*location: str | int) -> dict[str, Any]:
    return {"type": "extra_forbidden", "loc": location}


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ([extra("colums")], "colums is not a setting; did you mean columns?"),
        ([extra("target", "colum")], "target.colum is not a setting; did you mean column?"),
        (
            [extra("columns", "price", "minimun")],
            "columns.price.minimun is not a setting; did you mean minimum?",
        ),
        ([extra("rules", 0, "maximun")], "rules.0.maximun is not a setting; did you mean maximum?"),
        ([extra("nowhere", "a")], "nowhere.a is not a setting"),
        (
            [{"type": "missing", "loc": ("source",)}],
            "source is missing; this setting has no default",
        ),
        (
            [{"type": "missing", "loc": ("target", "column")}, extra("target", "colum")],
            "target.colum is not a setting; did you mean column?",
        ),
        (
            [{"type": "any", "loc": ("a",), "msg": "Value error, expected less", "input": True}],
            "a = True: expected less",
        ),
        (
            [{"type": "any", "loc": ("a",), "msg": "Input should be a valid tuple", "input": "x"}],
            "a = 'x': Input should be a valid list",
        ),
        (
            [{"type": "any", "loc": ("a",), "msg": "too long", "input": "x" * 99}],
            f"a = '{'x' * 59}…: too long",
        ),
        ([{"type": "any", "loc": (), "msg": "a and b contradict"}], "a and b contradict"),
    ],
)
def test_a_model_error_is_told_in_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, details: list[dict[str, Any]], says: str
) -> None:
    pipeline = read(path, "")
    monkeypatch.setattr(Model, "error", ModelError(*details))

    with pytest.raises(SettingsError) as told:
        resolve(Model, pipeline, "clean")

    assert str(told.value) == f"diamonds.toml: [clean] {says}"


LINES = '''\
source = "a.csv"  # share
name = """
[clean]
share = 2
"""
[features]
seed = 1
[clean]
columns.price.minimum = 0
share = 5
rules = [
    {},
    {minimum = 1},
]
"a.b" = 1
[clean.columns.size]
minimum = "x"
maximum = 3
'''


@pytest.mark.parametrize(
    ("stage", "location", "line"),
    [
        ("clean", ("share",), 10),
        ("clean", ("columns", "price", "minimum"), 9),
        ("clean", ("columns", "size", "minimum"), 17),
        ("clean", ("columns", "size"), 16),
        ("clean", ("rules", 1, "minimum"), 11),
        ("clean", ("a.b",), 15),
        ("features", ("seed", "function-after"), 7),
        ("ingest", ("source",), 1),
    ],
)
def test_an_error_names_the_line_of_the_file(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    location: tuple[str | int, ...],
    line: int,
) -> None:
    pipeline = read(path, LINES)
    details = {"type": "any", "loc": location, "msg": "wrong", "input": 1}
    monkeypatch.setattr(Model, "error", ModelError(details))

    with pytest.raises(SettingsError) as told:
        resolve(Model, pipeline, stage)

    assert str(told.value).endswith(f": wrong (line {line})")


def test_a_misspelt_setting_names_the_line_of_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = read(path, "[clean]\r\n\r\ncolums = 1\r\n")
    monkeypatch.setattr(Model, "error", ModelError(extra("colums")))

    with pytest.raises(SettingsError, match=r"did you mean columns\? \(line 3\)$"):
        resolve(Model, pipeline, "clean")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\n[claen]", r"did you mean clean\? \(line 2\)$"),
        ("clean = 5", r"written \[clean\] \(line 1\)$"),
        ("[clean]\nkeep = 0", r"keep = 0: expected 1 or more \(line 2\)$"),
    ],
)
def test_a_wrong_top_level_names_its_line(path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(path, text).keep("clean")


def test_a_model_of_another_library_is_told_in_its_own_words(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = read(path, "")
    monkeypatch.setattr(Model, "error", ValueError("the message of a plain error"))

    with pytest.raises(SettingsError, match="the message of a plain error"):
        resolve(Model, pipeline, "clean")


@pytest.mark.parametrize("share", ["nan", "inf", "-inf"])
def test_a_number_that_a_manifest_can_not_hold_is_refused(path: Path, share: str) -> None:
    pipeline = read(path, f"[clean]\nshare = {share}")

    with pytest.raises(SettingsError, match=r"\[clean\] inf and nan are not valid in a manifest"):
        resolve(Model, pipeline, "clean")
