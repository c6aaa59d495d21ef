"""`ingest init FILE`: what it makes of a table, as a pipeline file that TOML readers take."""

import csv
import random
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ingest.guessing.command import look_at
from pyarrow import parquet
from stage_contract import ContractError, SettingsError

type Init = Callable[..., tuple[dict[str, Any], str]]
ROWS = 200
CHANCE = random.Random(7)  # noqa: S311  # equal rows in each run, not secrets


@pytest.fixture
def init(tmp_path: Path) -> Init:
    def run(
        columns: dict[str, Sequence[object]], *, target: str | None = None, delimiter: str = ","
    ) -> tuple[dict[str, Any], str]:
        cells = [[str(cell) for cell in column] for column in columns.values()]
        rows = [list(columns), *zip(*cells, strict=True)]
        with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)
        text = look_at(tmp_path, source="t.csv", target=target)
        return tomllib.loads(text), text

    return run


def noise(rows: int = ROWS) -> list[float]:
    return [round(CHANCE.gauss(10, 3), 3) for _ in range(rows)]


def choices(*texts: str, rows: int = ROWS) -> list[str]:
    return [CHANCE.choice(texts) for _ in range(rows)]


def days(rows: int = ROWS) -> list[str]:
    return [(date(2024, 1, 1) + timedelta(days=row // 2)).isoformat() for row in range(rows)]


@pytest.mark.parametrize(
    "source", ["sqlite:///shop.db", "postgresql://u:hunter2@h/db", "s3://bucket/t.csv"]
)
def test_an_address_is_refused_with_what_to_do_and_not_repeated(
    tmp_path: Path, source: str
) -> None:
    with pytest.raises(SettingsError, match=r"^FILE is an address; .* docs/sources\.md") as why:
        look_at(tmp_path, source=source, target=None)

    assert "hunter2" not in str(why.value)


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["size", "price", "age"], "price"),
        (["y", "size"], "y"),
        (["y", "x", "size"], "size"),
        (["isFraud", "size"], "isFraud"),
        (["class", "price"], "class"),
        (["SalePrice", "size"], "SalePrice"),
        (["a", "b", "c"], "c"),
        (["first_delay", "last_delay", "size"], "last_delay"),
    ],
)
def test_the_target_is_guessed_by_its_name_else_it_is_the_last(
    init: Init, names: list[str], target: str
) -> None:
    file, _ = init({name: noise() for name in names})

    assert file["target"] == target
    assert file["features"]["task"] == "regression"


def test_a_target_that_could_not_be_learnt_is_passed_over(init: Init) -> None:
    file, _ = init(
        {
            "size": noise(),
            "kind": choices("a", "b"),
            "target": ["same"] * ROWS,
            "label": [f"text {row}" for row in range(ROWS)],
            "seen": days(),
        }
    )

    assert file["target"] == "kind"
    assert file["features"]["task"] == "classification"


def test_the_target_can_be_named(init: Init) -> None:
    file, text = init({"size": noise(), "price": noise()}, target="size")

    assert file["target"] == "size"
    assert "as asked for" in text


def test_an_unknown_target_is_refused_with_the_closest_name(init: Init) -> None:
    with pytest.raises(SettingsError, match=r"target = 'prise': .*did you mean price\?"):
        init({"size": noise(), "price": noise()}, target="prise")


def test_a_date_is_no_target(init: Init) -> None:
    with pytest.raises(SettingsError, match="is a date; expected numbers"):
        init({"size": noise(), "seen": days()}, target="seen")


def test_a_table_without_anything_to_predict_is_refused(init: Init) -> None:
    with pytest.raises(ContractError, match="no column could be a target"):
        init({"id": range(ROWS), "seen": days()})


@pytest.mark.parametrize(
    ("values", "task", "kind"),
    [
        (choices("0", "1"), "classification", "integer"),
        (choices("0.0", "1.0"), "classification", "integer"),
        ([str(row % 11) for row in range(ROWS)], "regression", "integer"),
        (choices("1.5", "2.5"), "regression", "number"),
        (choices("10 %", "20 %"), "regression", "number"),
        (choices("1,0", "0,0"), "classification", "integer"),
        (choices("true", "false"), "classification", "boolean"),
    ],
)
def test_the_task_follows_from_the_targets_values(
    init: Init, values: list[str], task: str, kind: str
) -> None:
    file, _ = init({"size": noise(), "target": values}, delimiter=";")

    assert file["features"]["task"] == task
    assert file["clean"]["columns"]["target"]["type"] == kind


def test_columns_of_no_use_are_excluded_with_the_reason(init: Init) -> None:
    file, text = init(
        {
            "row": range(1, ROWS + 1),
            "customer_id": [str(10_000 + 37 * row) for row in range(ROWS)],
            "hash": [f"{row * 2654435761 % 2**32:08x}g" for row in range(ROWS)],
            "version": ["3"] * ROWS,
            "nothing": [""] * ROWS,
            "note": [f"she said that number {row} was fine with her" for row in range(ROWS)],
            "size": noise(),
            "price": noise(),
        }
    )

    assert file["features"]["exclude"] == [
        *("row", "customer_id", "hash", "version", "nothing", "note")
    ]
    for name, reason in {
        "row": "an identifier: it numbers the rows",
        "customer_id": "an identifier: no value is there twice",
        "hash": "an identifier: no value is there twice",
        "version": "one value in all rows",
        "nothing": "no values",
        "note": "free text",
    }.items():
        assert f'"{name}",  # {reason}' in text


def test_copies_of_a_number_are_leaks_and_what_only_goes_with_it_is_not(init: Init) -> None:
    price = noise()
    file, text = init(
        {
            "in_cents": [round(100 * value) for value in price],
            "squared": [value**2 for value in price],
            "near": [value + CHANCE.gauss(0, 1) for value in price],
            "price": price,
        }
    )

    assert file["features"]["exclude"] == ["in_cents", "squared"]
    assert '"in_cents",  # a leak: correlation 1.0000 with the target' in text
    assert '"squared",  # a leak: ' in text


def test_copies_of_a_class_are_leaks_and_what_settles_it_is_told(init: Init) -> None:
    churn = choices("yes", "no")
    file, text = init(
        {
            "code": [{"yes": 1, "no": 2}[value] for value in churn],
            "ended": [
                seen if value == "yes" else "" for value, seen in zip(churn, days(), strict=True)
            ],
            "reason": [
                CHANCE.choice(["price", "move"]) if value == "yes" else "-" for value in churn
            ],
            "plan": choices("a", "b", "c"),
            "score": [
                CHANCE.uniform(0, 1) if value == "yes" else CHANCE.uniform(2, 3) for value in churn
            ],
            "churn": churn,
        }
    )

    assert file["features"]["exclude"] == ["code", "ended"]
    assert "each of its values goes with one of the target" in text
    assert "whether it is missing tells the target" in text
    assert "# Look: perhaps a leak: its values settle the target;" in text
    assert "# Look: perhaps a leak: a limit on it tells the classes apart;" in text


def test_in_a_rare_class_agreement_on_the_frequent_one_is_no_leak(init: Init) -> None:
    file, text = init(
        {
            "flag": ["a"] * 990 + ["b"] * 10,
            "size": noise(1000),
            "fraud": ["no"] * 980 + ["yes"] * 20,
        }
    )

    assert file["target"] == "fraud"
    assert file["features"]["exclude"] == []
    assert "The rarest class has 2 % of the rows" in text
    assert '# metric = "roc_auc"' in text


def test_what_is_private_is_marked_and_never_shown(init: Init) -> None:
    file, text = init(
        {
            "contact": [f"person{row}@example.org" for row in range(ROWS)],
            "Last Name": [f"Family{row % 60}" for row in range(ROWS)],
            "telephone": [f"+49 30 {row:06}" for row in range(ROWS)],
            "birth_date": [f"{1950 + row % 50}-03-04" for row in range(ROWS)],
            "product_name": choices("apple", "pear"),
            "price": noise(),
        }
    )

    columns = file["clean"]["columns"]
    private = [name for name, column in columns.items() if column.get("private")]
    assert private == ["contact", "Last Name", "telephone", "birth_date"]
    assert file["features"]["exclude"] == ["contact", "Last Name", "telephone"]
    for value in ("person", "Family1", "+49", "1950"):
        assert value not in text
    assert "apple" in text


def test_the_latest_rows_test_where_one_date_says_when_a_row_happened(init: Init) -> None:
    file, text = init({"seen": days(), "size": noise(), "price": noise()})

    assert (file["features"]["split"], file["features"]["time_column"]) == ("time", "seen")
    assert 'split = "hash", without time_column' in text


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"seen": days(), "sent": days()}, "2 columns could say when a row happened"),
        ({"seen": ["", *days()[1:]]}, '1 rows have no "seen"'),
        ({"seen": choices("2024-01-01", "2024-01-02")}, "its rows are of fewer than 10 days"),
        ({"born": days()}, "its only date is one of birth"),
    ],
)
def test_a_split_by_time_is_only_proposed_where_it_may_be_wrong(
    init: Init, columns: dict[str, Sequence[object]], reason: str
) -> None:
    file, text = init(columns | {"size": noise(), "price": noise()})

    assert "split" not in file["features"]
    assert f"# Not set, since {reason}." in text


def test_a_split_by_time_that_would_hide_a_class_is_only_proposed(init: Init) -> None:
    file, text = init({"seen": days(), "size": noise(), "label": ["a", "b"] * 80 + ["a", "c"] * 20})

    assert "split" not in file["features"]
    assert "a class would be missing among the earlier rows" in text


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


def test_integers_called_code_are_categories(init: Init) -> None:
    file, _ = init(
        {"store_id": choices("1", "2", "3"), "code": choices("0", "1"), "price": noise()}
    )

    assert file["features"]["categories"] == ["store_id"]


def test_units_are_read_from_names(init: Init) -> None:
    file, _ = init({"length_mm": noise(), "mm": noise(), "price": noise()})

    assert file["clean"]["columns"]["length_mm"]["unit"] == "mm"
    assert "unit" not in file["clean"]["columns"]["mm"]


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
    file, _ = init({name: choices("yes", "no"), "other": ["1"] * ROWS, "size": noise()})

    assert name in file["clean"]["columns"]
    assert file["target"] == "size"
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

    text = look_at(tmp_path, source="t.csv", target=None)

    assert tomllib.loads(text)["ingest"] == {"encoding": "cp1252"}
    assert '"grün"' in text


def test_a_folder_of_json_lines_and_csv_is_looked_at_as_one_table(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    lines = "".join(f'{{"size": {n % 7}, "price": {n}.5}}\n' for n in range(100))
    (tmp_path / "sales/1.jsonl").write_text(lines, encoding="utf-8")
    rows = "".join(f"{n}.5,{n % 7}\n" for n in range(100, 200))
    (tmp_path / "sales/2.csv").write_text(f"price,size\n{rows}", encoding="utf-8")

    text = look_at(tmp_path, source="sales", target=None)

    pipeline = tomllib.loads(text)
    assert pipeline["source"] == "sales"
    assert pipeline["target"] == "price"
    assert "It is no CSV, and says itself how it is to be read." in text


@pytest.mark.parametrize(
    ("header", "is_row"),
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
def test_a_first_line_of_values_is_a_row(tmp_path: Path, *, header: str, is_row: bool) -> None:
    rows = "".join(f"{row % 7}.5,{row % 5},{'ab'[row % 2]}\n" for row in range(60))
    (tmp_path / "t.csv").write_text(f"{header}\n{rows}", encoding="utf-8")

    file = tomllib.loads(look_at(tmp_path, source="t.csv", target=None))

    assert file["ingest"].get("header", True) is not is_row
    names = [f"column_{place}" for place in (1, 2, 3)] if is_row else header.split(",")
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

    file = tomllib.loads(look_at(tmp_path, source="t.parquet", target=None))

    assert file["target"] == "label"
    assert file["features"]["task"] == "classification"
    assert file["features"]["exclude"] == ["id"]
    assert file["features"]["time_column"] == "seen"
    assert file["clean"]["columns"]["label"] == {"type": "integer"}
    assert "type" not in file["clean"]["columns"]["kind"]


def test_a_column_that_no_stage_reads_is_refused(tmp_path: Path) -> None:
    table = pa.table({"raw": pa.array([b"\xff"] * 20), "size": noise(20)})
    parquet.write_table(table, tmp_path / "t.parquet")

    with pytest.raises(ContractError, match="column 'raw' is binary, which clean refuses"):
        look_at(tmp_path, source="t.parquet", target=None)


def test_numbers_of_any_size_are_compared_without_a_failure(init: Init) -> None:
    file, _ = init(
        {
            "huge": [f"{value}e305" for value in noise()],
            "tiny": [f"{value}e-300" for value in noise()],
            "price": noise(),
        }
    )

    assert file["features"]["exclude"] == []


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


def test_texts_that_mean_missing_are_no_values(init: Init) -> None:
    file, text = init(
        {
            "seen": ["?", *days()[1:]],
            "answer": choices("5", "?"),
            "size": noise(),
            "churn": choices("true", "false", "?"),
        }
    )

    assert file["target"] == "churn"
    assert "# 2 classes: " in text
    assert '1 rows have no "seen"' in text


def test_rare_classes_are_told_with_the_setting_that_decides(init: Init) -> None:
    _, text = init({"size": noise(300), "label": ["a", "b"] * 148 + ["c"] * 4})

    assert "# 3 classes: " in text
    assert "# 1 of them in fewer than 10 rows." in text
    assert "# min_class_rows = 5" in text


def test_what_is_proposed_in_comments_is_toml(init: Init) -> None:
    _, text = init({"seen": ["", *days()[1:]], "size": noise(), "label": choices("a", "b")})

    proposed = [line.removeprefix("# ") for line in text.splitlines()]
    keys = [line for line in proposed if re.match(r"[a-z_]+ = ", line)]
    assert 'split = "time"' in keys
    assert [tomllib.loads(line) for line in keys]


def test_a_key_that_repeats_suggests_a_split_by_group(init: Init) -> None:
    file, text = init({"customer_id": [f"C{row % 120}" for row in range(ROWS)], "price": noise()})

    assert file["features"]["exclude"] == ["customer_id"]
    assert '# split = "group"\n# group_column = "customer_id"' in text


def test_the_type_of_a_target_of_texts_is_declared_so_that_it_stays_one(init: Init) -> None:
    file, _ = init({"kind": choices("yes", "no"), "label": choices("yes", "no"), "size": noise()})

    assert file["clean"]["columns"]["label"] == {"type": "string"}
    assert file["clean"]["columns"]["kind"] == {}
