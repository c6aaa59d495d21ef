"""`ingest init FILE`: valid TOML for any table."""

import re
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ingest.init_command.command import propose_pipeline
from made_columns import ROWS, choices, days, noise
from pyarrow import parquet
from stage_contract import SettingsError

type Init = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("https://h/t.csv", r"^FILE is the address of a web server; .* docs/sources\.md"),
        ("postgresql://u:hunter2@h/db", "^source: names a user or password before the host"),
        ("s3://bucket/t.csv", "^source: s3:// is not supported; expected https://"),
        ("sqlite://shop.db", "^source: expected sqlite:///file with three slashes"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_repeated(
    tmp_path: Path, source: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=why) as refused:
        propose_pipeline(tmp_path, source=source, target=None)

    assert "hunter2" not in str(refused.value)


def test_texts_that_mean_missing_among_numbers_are_declared_so(init: Init) -> None:
    file, _ = init({"size": ["?", *noise()[1:]], "kind": choices("?", "a"), "price": noise()})

    size = file["clean"]["columns"]["size"]
    assert size["type"] == "number"
    assert size["missing"][0] == ""
    assert size["missing"][-1] == "?"
    assert "missing" not in file["clean"]["columns"]["kind"]


def test_a_type_that_nearly_all_values_have_is_proposed(init: Init) -> None:
    file, text = init({"size": [*noise()[1:], "ten"], "price": noise()})

    assert file["clean"]["columns"]["size"] == {}
    assert '# type = "number"  # instead: all but 1 values are of it, such as "ten"' in text


def test_units_are_read_from_names(init: Init) -> None:
    file, _ = init({"length_mm": noise(), "mm": noise(), "price": noise()})

    assert file["clean"]["columns"]["length_mm"]["unit"] == "mm"
    assert "unit" not in file["clean"]["columns"]["mm"]


@pytest.mark.parametrize(
    "names",
    [
        ["temp_min"],
        ["pressure min"],
        ["PriceMin"],
        ["days_min"],
        ["time_min", "time_max"],
        ["duration_min", "duration_mean"],
        ["effect_lb", "effect_ub"],
        ["mean_g", "mean_r"],
    ],
)
def test_extremes_bounds_and_bands_are_no_units(init: Init, names: list[str]) -> None:
    file, _ = init({name: noise() for name in [*names, "price"]})

    assert "unit" not in file["clean"]["columns"][names[0]]


@pytest.mark.parametrize("name", ["duration_min", "time_min", "DelayMin", "x_minutes"])
def test_minutes_are_a_unit_where_the_name_says_so(init: Init, name: str) -> None:
    file, _ = init({name: noise(), "price": noise()})

    assert file["clean"]["columns"][name]["unit"] == "min"


@pytest.mark.parametrize(
    "name",
    [
        "a.b",
        'say "x"',
        "größe",
        "a\\b",
        "'",
        "#",
        "x]y",
        "a=b",
        "\u202eabc",
        "two\nlines",
        "名前",
        "a\x7fb",
    ],
)
def test_every_name_is_quoted_right(init: Init, name: str) -> None:
    file, _ = init({name: choices("yes", "no"), "other": ["1"] * ROWS, "price": noise()})

    assert name in file["clean"]["columns"]
    assert file["target"] == "price"
    named, _ = init({name: choices("yes", "no"), "size": noise()}, target=name)
    assert named["target"] == name


def test_values_with_control_characters_do_not_leave_their_comment(init: Init) -> None:
    file, text = init(
        {"kind": choices("a\x1b[31m", "b\rtarget = 1", 'c"'), "size": noise(), "price": noise()}
    )

    assert file["target"] == "price"
    assert "\x1b" not in text
    assert "\\u001b[31m" in text


def test_an_empty_name_has_the_name_that_ingest_gives_it(init: Init) -> None:
    file, _ = init({"": choices("x", "y"), "price": noise()})

    assert list(file["clean"]["columns"]) == ["column_1", "price"]


def test_what_is_not_utf_8_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    rows = "".join(f"{'grün' if row % 3 else 'weiß'},{row * 7 % 31}.5\n" for row in range(60))
    (tmp_path / "t.csv").write_bytes(f"farbe,preis\n{rows}".encode("cp1252"))

    text = propose_pipeline(tmp_path, source="t.csv", target=None)

    assert tomllib.loads(text)["ingest"] == {"encoding": "cp1252"}
    assert '"grün"' in text


def test_a_folder_of_json_lines_and_csv_is_looked_at_as_one_table(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    lines = "".join(f'{{"size": {n % 7}, "price": {n}.5}}\n' for n in range(100))
    (tmp_path / "sales/1.jsonl").write_text(lines, encoding="utf-8")
    rows = "".join(f"{n}.5,{n % 7}\n" for n in range(100, 200))
    (tmp_path / "sales/2.csv").write_text(f"price,size\n{rows}", encoding="utf-8")

    text = propose_pipeline(tmp_path, source="sales", target=None)

    pipeline = tomllib.loads(text)
    assert pipeline["source"] == "sales"
    assert pipeline["target"] == "price"
    assert "Not a CSV file: it states its own format." in text


@pytest.mark.parametrize(
    ("header", "looks_like_data"),
    [
        ("5.1,3.5,setosa", True),
        ("7,0,yes", True),
        ("Braund,22,male", True),
        ("size,kind,label", False),
        ("0,1,2", False),
        ("country,2019,2020", False),
        ("country,2019,x", False),
    ],
)
def test_a_first_line_of_values_is_a_row(
    tmp_path: Path, *, header: str, looks_like_data: bool
) -> None:
    rows = "".join(f"{row % 7}.5,{row % 5},{'ab'[row % 2]}\n" for row in range(60))
    (tmp_path / "t.csv").write_text(f"{header}\n{rows}", encoding="utf-8")

    names = [f"column_{place}" for place in (1, 2, 3)] if looks_like_data else header.split(",")

    file = tomllib.loads(propose_pipeline(tmp_path, source="t.csv", target=names[-1]))

    assert file["ingest"].get("header", True) is not looks_like_data
    assert list(file["clean"]["columns"]) == names


def test_typed_sources_keep_their_types(tmp_path: Path) -> None:
    table = {
        "id": pa.array(range(ROWS), pa.int32()),
        "seen": pa.array([date(2024, 1, 1) + timedelta(days=row) for row in range(ROWS)]),
        "kind": pa.array(choices("1", "2")).dictionary_encode(),
        "size": pa.array(noise(), pa.float32()),
        "label": pa.array([float(row % 2) for row in range(ROWS)]),
    }
    parquet.write_table(pa.table(table), tmp_path / "t.parquet")

    file = tomllib.loads(propose_pipeline(tmp_path, source="t.parquet", target=None))

    assert file["target"] == "label"
    assert file["features"]["task"] == "classification"
    assert file["features"]["exclude"] == ["id"]
    assert file["features"]["time_column"] == "seen"
    assert file["clean"]["columns"]["label"] == {"type": "integer"}
    assert "type" not in file["clean"]["columns"]["kind"]


def test_texts_of_a_typed_source_that_are_no_codes_get_their_type(tmp_path: Path) -> None:
    days = [date(2024, 1, 1) + timedelta(days=row) for row in range(ROWS)]
    table = {
        "seen": [day.isoformat() for day in days],
        "due": [f"{day:%d.%m.%Y}" for day in days],
        "size": [f"{number:.3f}" for number in noise()],
        "zip": choices("10115", "80331", "?"),
        "open": choices("true", "false"),
        "label": [row % 2 for row in range(ROWS)],
    }
    parquet.write_table(pa.table(table), tmp_path / "t.parquet")

    text = propose_pipeline(tmp_path, source="t.parquet", target="label")

    columns = tomllib.loads(text)["clean"]["columns"]
    assert columns["seen"] == {"type": "date"}
    assert columns["due"] == {"type": "date", "format": "%d.%m.%Y"}
    assert columns["size"] == {"type": "number"}
    assert columns["open"] == {"type": "boolean"}
    assert columns["zip"] == {}
    assert 'type = "date"  # the source has texts\n' in text
    assert '[clean.columns.zip]\n# type = "integer"  # instead: all of these texts are' in text


def test_columns_that_clean_does_not_read_are_skipped(tmp_path: Path) -> None:
    raw, times = pa.array([b"\xff"] * 20), pa.array([3] * 20, pa.time32("s"))
    parquet.write_table(
        pa.table({"raw": raw, "time": times, "size": noise(20)}), tmp_path / "t.parquet"
    )

    file = tomllib.loads(propose_pipeline(tmp_path, source="t.parquet", target=None))

    assert file["ingest"]["skip_columns"] == ["raw", "time"]
    assert file["target"] == "size"


def run_process(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", "init", *arguments],
        env={"STAGE_IN": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_file_goes_to_standard_output_and_the_log_to_standard_error(tmp_path: Path) -> None:
    rows = "".join(f"{row * 7 % 31},{row * 3 % 17}.5\n" for row in range(50))
    (tmp_path / "t.csv").write_text(f"size,price\n{rows}", encoding="utf-8")

    by_path = run_process(tmp_path, str(tmp_path / "t.csv"))
    by_name = run_process(tmp_path, "t.csv", "--target", "size")

    assert tomllib.loads(by_path.stdout)["source"] == "t.csv"
    assert 'target "price" (by its name), regression' in by_path.stderr
    assert tomllib.loads(by_name.stdout)["target"] == "size"


@pytest.mark.parametrize(
    ("content", "arguments", "code", "line"),
    [
        ("a\n1\n", ["u.csv"], 78, "source = 'u.csv': no such file; did you mean t.csv?"),
        ("a\n", ["t.csv"], 65, "t.csv: no rows; expected a table"),
        ("a,b\n1,2\n", ["t.csv", "--target", "c"], 78, "target = 'c': no such column"),
    ],
)
def test_a_failure_is_one_line_and_prints_no_file(
    tmp_path: Path, content: str, arguments: list[str], code: int, line: str
) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")

    failed = run_process(tmp_path, *arguments)

    assert (failed.returncode, failed.stdout) == (code, "")
    assert line in failed.stderr.splitlines()[-1]


def test_what_is_proposed_in_comments_is_toml(init: Init) -> None:
    _, text = init({"seen": ["", *days()[1:]], "size": noise(), "label": choices("a", "b")})

    proposed = [line.removeprefix("# ") for line in text.splitlines()]
    keys = [line for line in proposed if re.match(r"[a-z_]+ = ", line)]
    assert 'split = "time"' in keys
    assert [tomllib.loads(line) for line in keys]
