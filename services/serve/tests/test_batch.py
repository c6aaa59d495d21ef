"""Whole files: the numbers of the API, and no row lost."""

import csv
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from asking import CSV, Worker
from pyarrow import parquet
from serve.batch import csv_tables, output, scoring
from serve.batch.arguments import Folders, read_arguments
from serve.batch.scoring import score
from serve.codecs.predictions import class_text
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, field, publish_model
from stage_contract import ContractError, OutputError, SettingsError, StageError

SOURCES = [Path(__file__).parents[1] / "src", Path(__file__).parents[3] / "contract/src"]
STONES = """\
carat,depth,cut,color,price,id
1,61.5,Ideal,,326,a
0.5,NA, Good ,Fair,,b
2.25,,"Never ""seen"" yet",E,12,"c, d"
"""
FLIGHT_ROWS = """\
number,holiday,day,hour
7,true,2013-01-01,2013-01-01T05:00
,,,2013-01-01 10:00:00.5Z
-0,FALSE,,2013-07-01T05:00+02:00
"""
PENGUIN_ROWS = "bill,year,island\n39.1,2007,Biscoe\n,2008,Nowhere\n1e1,,Dream\n"
TABLES = {
    DIAMONDS.target: (DIAMONDS, STONES),
    FLIGHTS.target: (FLIGHTS, FLIGHT_ROWS),
    PENGUINS.target: (PENGUINS, PENGUIN_ROWS),
}


class Place:
    """Folders with a model and a table, and what is made of it."""

    def __init__(self, root: Path, model: MadeModel = DIAMONDS) -> None:
        self.folders = Folders(source=root / "data", target=root / "out", model=root / "model")
        for folder in (self.folders.source, self.folders.target):
            folder.mkdir()
        publish_model(self.folders.model, model)

    def score(
        self, table: str | bytes | pa.Table, *arguments: str, out: str = "scored.csv"
    ) -> Path:
        """Score a table and return the file that was written."""
        source = self.folders.source / ("new.parquet" if isinstance(table, pa.Table) else "new.csv")
        if isinstance(table, pa.Table):
            parquet.write_table(table, source)
        else:
            source.write_bytes(table.encode() if isinstance(table, str) else table)
        score(read_arguments([source.name, out, *arguments], self.folders), self.folders.model)
        return self.folders.target / out

    def rejects(self, out: str = "scored.csv") -> list[dict[str, Any]]:
        path = self.folders.target / f"{out}.rejects.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folders.target.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("target", TABLES)
def test_a_csv_table_comes_back_byte_for_byte_as_from_the_api(tmp_path: Path, target: str) -> None:
    model, table = TABLES[target]
    place = Place(tmp_path, model)
    answer = Worker(place.folders.model).send(table.encode(), CSV)

    scored = place.score(table)

    assert answer.status_code == 200
    assert scored.read_bytes() == answer.content
    assert place.files() == ["scored.csv"]


@pytest.mark.parametrize("target", [PENGUINS.target, FLIGHTS.target])
@pytest.mark.parametrize("top_k", ["1", "2", "99"])
def test_the_likeliest_classes_are_those_of_the_api(
    tmp_path: Path, target: str, top_k: str
) -> None:
    model, table = TABLES[target]
    place = Place(tmp_path, model)
    answer = Worker(place.folders.model).ask(
        "POST", f"/predict?top_k={top_k}", content=table.encode(), headers=CSV
    )

    scored = place.score(table, "--top-k", top_k)
    typed = parquet.read_table(place.score(table, "--top-k", top_k, out="scored.parquet"))

    assert answer.status_code == 200
    assert scored.read_bytes() == answer.content
    listed = [*csv.DictReader(io.StringIO(answer.text))]
    kind = typed.field(f"predicted_{model.target}").type
    ranks = min(int(top_k), len(model.classes or ()))
    for rank in range(1, ranks + 1):
        texts = [class_text(value) for value in typed[f"class_{rank}"].to_pylist()]
        assert typed.field(f"class_{rank}").type == kind
        assert texts == [row[f"class_{rank}"] for row in listed]
        expected = [np.float32(row[f"probability_{rank}"]) for row in listed]
        assert typed[f"probability_{rank}"].to_pylist() == expected
    assert f"class_{ranks + 1}" not in typed.column_names


@pytest.mark.parametrize("target", TABLES)
def test_the_contributions_are_those_of_the_api(tmp_path: Path, target: str) -> None:
    model, table = TABLES[target]
    place = Place(tmp_path, model)
    answer = Worker(place.folders.model).ask(
        "POST", "/predict?explain=true", content=table.encode(), headers=CSV
    )

    scored = place.score(table, "--explain")
    typed = parquet.read_table(place.score(table, "--explain", out="scored.parquet"))

    assert answer.status_code == 200
    assert scored.read_bytes() == answer.content
    listed = [*csv.DictReader(io.StringIO(answer.text))]
    names = [name for name in typed.column_names if name.startswith(("base_", "contribution_"))]
    assert len(names) > 2
    for name in names:
        assert typed.field(name).type == pa.float64()
        assert typed[name].to_pylist() == [float(row[name]) for row in listed]


@pytest.mark.parametrize("target", TABLES)
def test_parquet_holds_the_numbers_of_the_api_as_float32(tmp_path: Path, target: str) -> None:
    model, table = TABLES[target]
    place = Place(tmp_path, model)
    answer = Worker(place.folders.model).send(table.encode(), CSV).text

    found = parquet.read_table(place.score(table, out="scored.parquet"))

    numbers = [name for name in found.column_names if found.field(name).type == pa.float32()]
    assert len(numbers) == (1 if model.classes is None else len(model.classes))
    for name in numbers:
        expected = [np.float32(row[name]) for row in csv.DictReader(io.StringIO(answer))]
        assert [np.float32(value) for value in found[name].to_pylist()] == expected


def test_a_class_keeps_its_type(tmp_path: Path) -> None:
    place = Place(tmp_path, FLIGHTS)

    found = parquet.read_table(place.score(FLIGHT_ROWS, out="scored.parquet"))

    assert found.column("predicted_late").type == pa.bool_()
    assert found.column_names[-3:] == ["predicted_late", "probability_false", "probability_true"]


def test_a_typed_table_gives_the_numbers_of_the_same_texts(tmp_path: Path) -> None:
    place = Place(tmp_path, FLIGHTS)
    texts = pa.table(
        {
            "hour": ["2013-01-01T05:00:00Z", "2013-01-01T10:00:00Z"],
            "day": ["2013-01-01", None],
            "holiday": ["true", "false"],
            "number": ["7", None],
        }
    )
    hours = texts["hour"].cast(pa.timestamp("us", "UTC"))
    typed = pa.table(
        {
            "hour": hours,
            "day": texts["day"].cast(pa.date32()),
            "holiday": pa.array([True, False]),
            "number": pa.array([7, None], pa.int64()),
        }
    )

    from_texts = place.score(texts, out="texts.csv").read_text()
    from_types = place.score(typed, out="types.csv").read_text()

    assert len(from_texts.splitlines()) == 3
    rows = zip(from_texts.splitlines(), from_types.splitlines(), strict=True)
    assert all(a.split(",")[4:] == b.split(",")[4:] for a, b in rows)
    assert from_types.splitlines()[1].startswith("2013-01-01T05:00:00.000000Z,2013-01-01,true,7,")


def test_kept_columns_of_a_typed_table_keep_their_types(place: Place) -> None:
    table = pa.table(
        {
            "cut": pa.array(["Ideal", "Good"]).dictionary_encode(),
            "carat": pa.array([1, 2], pa.int16()),
            "id": pa.array([[1], [2]]),
        }
    )

    found = parquet.read_table(place.score(table, "--keep", "id,cut", out="a.parquet"))

    assert found.column_names == ["id", "cut", "predicted_price"]
    assert found.column("id").to_pylist() == [[1], [2]]
    with pytest.raises(
        ContractError, match=r"column id: list<.*cannot be written to CSV.*\.parquet"
    ):
        place.score(table)


def test_only_the_columns_to_keep_are_kept_in_the_order_asked_for(place: Place) -> None:
    scored = place.score(STONES, "--keep", "id, cut")

    assert scored.read_text().splitlines()[0] == "id,cut,predicted_price"
    assert scored.read_text().splitlines()[3].startswith('"c, d","Never ""seen"" yet",')


def test_a_column_that_the_model_does_not_know_is_carried_along_if_it_is_named(
    place: Place,
) -> None:
    table = "key,carat,cut,predicted_price\nk1,1,Good,0\n"

    scored = place.score(table, "--keep", "key,predicted_price")

    assert scored.read_text() == "key,predicted_price,predicted_price_\nk1,0,1020.5\n"
    with pytest.raises(ContractError) as error:
        place.score("carrat,carat,cut\n1,1,Good\n")
    assert str(error.value) == (
        "new.csv: column carrat: not a column of the model; did you mean carat? Otherwise add it"
        " to KEEP to copy it to the result"
    )


WRONG = """\
carat,depth,cut,color,id
1,61.5,Ideal,E,1
-1,61.5,Ideal,E,2
big,deep,Ideal,E,3
1,61.5,,E,4
1,61.5,Ideal,toolong,5
1,61.5,Ideal,E
1,61.5,"Id
eal",E,7
1,61.5,Ideal,E,8,9

1,,Good,,10
"""


def test_wrong_rows_are_set_aside_with_row_column_value_and_expectation(place: Place) -> None:
    scored = place.score(WRONG, "--keep", "id,carat")

    kept = [line.split(",")[0] for line in scored.read_text().splitlines()]
    assert kept == ["id", "1", "7", "10"]
    rejects = sorted(place.rejects(), key=lambda reject: reject["row"])
    assert [(each["row"], each["reason"]) for each in rejects] == [
        (2, "constraint"),
        (3, "type"),
        (4, "constraint"),
        (5, "constraint"),
        (6, "cells"),
        (8, "cells"),
    ]
    assert rejects[0] == {
        "row": 2,
        "reason": "constraint",
        "column": "carat",
        "value": "-1",
        "expected": "more than 0",
        "record": {"id": "2", "carat": "-1"},
    }
    assert rejects[4] == {
        "row": 6,
        "reason": "cells",
        "expected": "5 cells, found 4",
        "record": "1,61.5,Ideal,E",
    }


@pytest.mark.parametrize("block", [64, 200, 4096])
def test_rows_have_their_numbers_however_the_file_is_cut(
    place: Place, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_tables, "BLOCK_BYTES", block)
    lines = [
        "x,Ideal" if n % 7 == 0 else "1" if n % 5 == 0 else f"{n},Ideal" for n in range(1, 300)
    ]

    scored = place.score("carat,cut\n" + "\n".join(lines))

    right = [float(row.split(",")[0]) for row in scored.read_text().splitlines()[1:]]
    assert right == [n for n in range(1, 300) if n % 7 and n % 5]
    found = {each["row"]: each["reason"] for each in place.rejects()}
    assert found == {n: "type" if n % 7 == 0 else "cells" for n in range(1, 300) if n not in right}


def test_a_large_result_is_written_in_groups(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "ROWS_PER_GROUP", 100)
    monkeypatch.setattr(csv_tables, "BLOCK_BYTES", 256)
    rows = "".join(f"{n},Good\n" for n in range(1, 1001))

    path = place.score(f"carat,cut\n{rows}", out="a.parquet")

    assert 5 <= parquet.ParquetFile(path).metadata.num_row_groups <= 10
    assert parquet.read_table(path)["carat"].to_pylist() == [str(n) for n in range(1, 1001)]


def test_a_private_value_is_in_no_reject(tmp_path: Path) -> None:
    fields = [*PENGUINS.fields[:2], field("island", "string", "strings 0", private=True, missing=0)]
    fields[2]["constraints"] = {"maxLength": 6}
    place = Place(tmp_path, PENGUINS.but(fields=fields))

    place.score("bill,year,island\n1,2,Torgersen\n1,2,Dream\n1,2,Secret,Secret\nx,2,Dream\n")

    text = (place.folders.target / "scored.csv.rejects.jsonl").read_text()
    assert [each["row"] for each in place.rejects()] == [3, 1, 4]
    assert not any(value in text for value in ("Torgersen", "Secret", "Dream"))
    assert '"island": "(private)"' in text


@pytest.mark.parametrize("private", [["id"], None], ids=["known", "not known"])
def test_a_private_value_of_a_column_that_is_no_input_is_in_no_reject(
    tmp_path: Path, private: list[str] | None
) -> None:
    place = Place(tmp_path, DIAMONDS.but(private=private))

    place.score("carat,cut,id\n1,Good,secret-1\n-1,Good,secret-2\n1,Good,secret-3,more\n")

    text = (place.folders.target / "scored.csv.rejects.jsonl").read_text()
    assert {each["row"] for each in place.rejects()} == {2, 3}
    assert "secret" not in text
    assert '"carat": "-1"' in text
    assert '"id": "(private)"' in text


def test_without_wrong_rows_the_rejects_of_an_earlier_run_go_away(place: Place) -> None:
    place.score(WRONG, "--keep", "id")
    assert place.files() == ["scored.csv", "scored.csv.rejects.jsonl"]

    place.score(STONES)

    assert place.files() == ["scored.csv"]


def test_if_no_row_can_be_scored_an_earlier_result_stays(place: Place) -> None:
    before = place.score(STONES).read_bytes()

    with pytest.raises(ContractError) as error:
        place.score("carat,cut\n-1,Good\n0,Good\n")

    assert str(error.value) == (
        "new.csv: no row could be scored, all of them 2 rejected to scored.csv.rejects.jsonl,"
        " the first: row 1, column carat: expected more than 0"
    )
    assert (place.folders.target / "scored.csv").read_bytes() == before
    assert place.files() == ["scored.csv", "scored.csv.rejects.jsonl"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "new.csv: holds no table"),
        ("carat,cut\n", "new.csv: no row could be scored, it has none"),
        ("cut\nGood\n", "column carat: expected this column in the table: it is required"),
        ("carat,cut,cut\n1,Good,Good\n", "column cut: expected this column only once"),
        ("carat~cut\n1~Good\n", "column carat~cut: not a column of the model"),
        (",carat,cut\n0,1,Good\n", "a column without a name: .* remove it, or name it in the"),
        ("carat,cut\n1,Gr\u00fcn\n".encode("latin-1"), "new.csv: not utf-8 .* ENCODING=latin-1"),
        (b"PAR1 torn", "new.csv: can't be read as Parquet"),
        (b"PK\x03\x04 and more", "new.csv: is a workbook or a ZIP file; expected CSV or Parquet"),
        (b"\xd0\xcf\x11\xe0 and more", "new.csv: is a workbook or a ZIP file; expected CSV or"),
    ],
)
def test_a_table_that_can_not_be_used_is_refused_and_nothing_is_left(
    place: Place, table: str | bytes, says: str
) -> None:
    with pytest.raises(ContractError, match=says):
        place.score(table)

    assert place.files() == []


def test_the_dialect_can_be_said(place: Place) -> None:
    table = "carat;cut;id\n1;Good;gr\u00fcn\n".encode("latin-1")

    scored = place.score(table, "--delimiter", ";", "--encoding", "latin-1")

    assert scored.read_text() == "carat,cut,id,predicted_price\n1,Good,grün,1020.5\n"


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        (["mew.csv", "a.csv"], SettingsError, r"IN=mew.csv: no such file .*mean new.csv\?"),
        (["../new.csv", "a.csv"], SettingsError, "IN=../new.csv: expected the name of a file"),
        (["/etc/passwd", "a.csv"], SettingsError, "expected the name of a file inside"),
        (["new.csv", "a.xlsx"], SettingsError, "OUT=a.xlsx: expected a name that ends in .csv, "),
        (["new.csv", "../a.csv"], SettingsError, "OUT=../a.csv"),
        (["new.csv"], SettingsError, "required: OUT; make score IN=new.csv OUT=scored.parquet"),
        (
            ["new.csv", "a.csv", "--delimiter", "ab"],
            SettingsError,
            "DELIMITER='ab': expected",
        ),
        (["new.csv", "a.csv", "--delimiter", "\n"], SettingsError, r"DELIMITER='\\n': .*line end"),
        (["new.csv", "a.csv", "--delimiter", '"'], SettingsError, "DELIMITER='\"': .*no quote"),
        (["new.csv", "a.csv", "--top-k", "0"], SettingsError, "TOP_K=0"),
        (["new.csv", "a.csv", "--top-k", ""], SettingsError, "TOP_K=: expected a whole number"),
        (["new.csv", "a.csv", "--top-k", "2"], SettingsError, "TOP_K=2.*a model with classes"),
        (["new.csv", "a.csv", "--encoding", "utf-9"], SettingsError, "ENCODING=utf-9"),
        (["new.csv", "a.csv", "--encoding", "hex"], SettingsError, "ENCODING=hex"),
        (["new.csv", "a.csv", "--encoding", "idna"], SettingsError, "ENCODING=idna"),
        (["new.csv", "a.csv", "--encoding", "rot13"], SettingsError, "ENCODING=rot13"),
        (["new.csv", f"{'a' * 217}.csv"], SettingsError, "OUT=aaa.*: expected names of at most"),
        (["new.csv", "a.csv", "--keep", "idd"], SettingsError, r"KEEP=idd.*did you mean id\?"),
    ],
)
def test_a_wrong_argument_is_refused(
    place: Place, arguments: list[str], kind: type[StageError], says: str
) -> None:
    place.score(STONES)
    (place.folders.target / "scored.csv").unlink()

    with pytest.raises(kind, match=says):
        score(read_arguments(arguments, place.folders), place.folders.model)

    assert place.files() == []


@pytest.mark.parametrize(
    "options",
    [{}, {"use_dictionary": False, "column_encoding": {"cut": "DELTA_BYTE_ARRAY"}}],
    ids=["dictionary", "delta"],
)
def test_a_text_of_parquet_longer_than_a_cell_may_be_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    monkeypatch.setattr("serve.batch.parquet_tables.BATCH_BYTES", 1_000)
    monkeypatch.setattr("serve.batch.parquet_tables._MAX_CELL_BYTES", 999)
    table = pa.table({"carat": [1.0, 2.0], "cut": ["Ideal", "x" * 1_000]})
    parquet.write_table(table, place.folders.source / "new.parquet", **options)

    with pytest.raises(ContractError) as refused:
        score(read_arguments(["new.parquet", "a.csv"], place.folders), place.folders.model)

    assert str(refused.value) == (
        "new.parquet: can't be read as Parquet: column 'cut' has a text of 1,000 bytes,"
        " expected at most 999"
    )
    assert place.files() == []


@pytest.mark.parametrize("name", ["link", "link/secret.csv"])
def test_a_link_out_of_the_data_folder_is_not_followed(
    place: Place, tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(STONES)
    link = place.folders.source / "link"
    link.symlink_to(outside / "secret.csv" if name == "link" else outside)

    with pytest.raises(SettingsError, match=f"IN={name}: is a link to .*secret.csv, .* copy the"):
        read_arguments([name, "a.csv"], place.folders)

    link.unlink()
    place.score(STONES)
    link.symlink_to(place.folders.source / "new.csv")
    assert read_arguments(["link", "a.csv"], place.folders).source == link


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("folder.csv", "OUT=folder.csv: is a folder; name a file"),
        ("file/a.csv", "OUT=file/a.csv: expected a folder in place of the file"),
        ("file/sub/a.csv", "OUT=file/sub/a.csv: expected a folder in place of the file"),
    ],
)
def test_a_result_has_no_place_where_another_thing_stands(
    place: Place, out: str, says: str
) -> None:
    (place.folders.target / "folder.csv").mkdir()
    (place.folders.target / "file").touch()

    with pytest.raises(SettingsError, match=says):
        place.score(STONES, out=out)

    assert place.files() == ["file", "folder.csv"]


def test_the_longest_name_of_a_result_leaves_room_for_what_is_beside_it(place: Place) -> None:
    out = f"{'a' * 216}.csv"

    place.score(WRONG, "--keep", "id", out=out)

    assert place.files() == [out, f"{out}.rejects.jsonl"]


@pytest.mark.parametrize(
    "kind",
    [
        pa.binary(),
        pa.large_binary(),
        pa.binary(2),
        pa.binary_view(),
        pa.time32("s"),
        pa.duration("s"),
        pa.list_(pa.int32()),
        pa.struct({"a": pa.int32()}),
    ],
    ids=str,
)
def test_a_column_of_a_type_that_the_contract_does_not_have_is_refused(
    place: Place, kind: pa.DataType
) -> None:
    table = pa.table({"carat": [1.0], "cut": pa.nulls(1, kind)})

    with pytest.raises(ContractError) as error:
        place.score(table)

    stored = place.folders.source / "new.parquet"
    assert str(error.value) == (
        f"new.parquet: column cut: is of type {parquet.read_schema(stored).field('cut').type},"
        " expected a text; write the table again with such a type"
    )
    assert place.files() == []


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.binary(2), pa.binary_view(), pa.uuid()], ids=str
)
def test_bytes_are_kept_in_parquet_and_have_no_place_in_csv(
    place: Place, kind: pa.DataType
) -> None:
    size = 16 if kind == pa.uuid() else 2
    key = pa.array([b"\xff" * size, None], kind)
    table = pa.table({"carat": [1.0, 2.0], "cut": ["Good", "Fair"], "key": key})

    found = parquet.read_table(place.score(table, "--keep", "key", out="a.parquet"))

    assert found["key"].to_pylist() == key.to_pylist()
    with pytest.raises(ContractError, match=r"column key: .* cannot be written to CSV"):
        place.score(table, "--keep", "key")


def test_a_folder_that_is_not_writable_is_named_with_what_to_type(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(OutputError, match=r"not writable for uid \d+; .* chmod a\+rwx out"):
        place.score(STONES)


def test_as_many_threads_work_as_the_share_of_the_container_has_processors(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, most: int) -> None:
            started.append(most)
            super().__init__(most)

    monkeypatch.setattr(scoring, "ThreadPoolExecutor", Pool)
    for share in (3.5, 0.5):
        monkeypatch.setattr(scoring, "cpu_share", lambda share=share: share)
        place.score(STONES)
        started.append(pa.cpu_count())

    assert started == [3, 3, 1, 1]


def run(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serve.batch", *arguments],
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
            "STAGE_SOURCE": str(place.folders.source),
            "STAGE_OUT": str(place.folders.target),
            "STAGE_IN": str(place.folders.model),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_as_a_process_it_says_what_it_did_in_one_line(place: Place) -> None:
    (place.folders.source / "new.csv").write_text(WRONG.replace("1,61.5", "9,61.5"))

    ended = run(place, "new.csv", "june/scored.csv")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("\n") == 1
    assert ended.stdout.startswith(
        f"score     3 of 9 rows scored with model {DIAMONDS.id}, 6 rejected to"
        " scored.csv.rejects.jsonl, 3 values beyond training: scored.csv  "
    )


def test_as_a_process_it_ends_as_a_stage_does(place: Place) -> None:
    (place.folders.source / "new.csv").write_text("cut\nGood\n")
    wrong = run(place, "new.csv", "a.csv")
    unknown = run(place, "old.csv", "a.csv")
    (place.folders.model / "LATEST").unlink()
    no_model = run(place, "new.csv", "a.csv")

    assert (wrong.returncode, unknown.returncode, no_model.returncode) == (65, 78, 65)
    for ended in (wrong, unknown, no_model):
        assert ended.stdout.count("\n") == 1
        assert ended.stdout.startswith("score     error: ")
    assert run(place, "--help").returncode == 0
