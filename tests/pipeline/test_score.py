"""`make score`: the API's numbers for whole files, and every row accounted for."""

import csv
import gzip
import io
import json
import random
import stat
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from conftest import MakePipeline
from pyarrow import parquet
from support.running import ROOT, Pipeline, last_line

ROWS = 4_000
SOURCES = {"diamonds": "diamonds.csv", "penguins": "penguins.csv", "flights": "flights.csv.gz"}

type Table = list[dict[str, str]]


@pytest.fixture(params=SOURCES)
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    served: Pipeline = request.getfixturevalue(request.param)
    return served


def real_rows(name: str) -> Table:
    """Return rows of a source with cells blanked, texts never seen, and some that are wrong."""
    content = (ROOT / "data" / SOURCES[name]).read_bytes()
    text = gzip.decompress(content) if SOURCES[name].endswith(".gz") else content
    rows = [*csv.DictReader(io.StringIO(text.decode()))]
    chance = random.Random(0)  # noqa: S311  # no secret depends on it
    chosen = chance.sample(rows, min(ROWS, len(rows)))
    for row in chosen:
        column = chance.choice([*row])
        row[column] = chance.choice([row[column]] * 6 + ["", "NA", 'never, "seen"', " 7 "])
    return chosen


def as_csv(rows: Table) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def scored(pipeline: Pipeline, name: str) -> Path:
    return pipeline.folder / "out" / name


def rejects(pipeline: Pipeline, name: str) -> list[dict[str, Any]]:
    lines = scored(pipeline, f"{name}.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def ask(pipeline: Pipeline, rows: Table) -> httpx.Response:
    with pipeline.client() as client:
        headers = {"content-type": "text/csv"}
        return client.post("/predict", content=as_csv(rows).encode(), headers=headers)


def test_a_file_gets_the_numbers_of_the_api_and_no_row_is_lost(pipeline: Pipeline) -> None:
    rows = real_rows(pipeline.name)
    pipeline.provide("new.csv", as_csv(rows))

    as_parquet = pipeline.score(IN="new.csv", OUT="scored.parquet")
    as_text = pipeline.score(IN="data/new.csv", OUT="out/scored.csv")

    assert (as_parquet.returncode, as_text.returncode) == (0, 0), as_text.stdout + as_text.stderr
    wrong = {reject["row"] for reject in rejects(pipeline, "scored.csv")}
    right = [row for number, row in enumerate(rows, 1) if number not in wrong]
    assert 0 < len(wrong) < len(rows) / 4
    answer = ask(pipeline, right)
    assert answer.status_code == 200, answer.text
    assert scored(pipeline, "scored.csv").read_bytes() == answer.content
    expected = [*csv.DictReader(io.StringIO(answer.text))]
    found = parquet.read_table(scored(pipeline, "scored.parquet"))
    assert found.num_rows == len(right)
    numbers = [name for name in found.column_names if found.field(name).type == pa.float32()]
    for name in numbers:
        texts = [row[name] for row in expected]
        assert np.array_equal(found[name].to_numpy(), np.array(texts, np.float32))
    model = pipeline.latest("model").id
    assert f"{len(right):,} of {len(rows):,} rows scored with model {model}" in as_text.stdout


def test_the_api_refuses_the_rows_that_were_set_aside_for_the_same_reason(
    pipeline: Pipeline,
) -> None:
    rows = real_rows(pipeline.name)
    pipeline.provide("new.csv", as_csv(rows))
    pipeline.score(IN="new.csv", OUT="scored.csv")

    for reject in rejects(pipeline, "scored.csv")[:20]:
        answer = ask(pipeline, [rows[reject["row"] - 1]])

        assert answer.status_code == 422
        [error, *_] = answer.json()["errors"]
        assert (error["column"], error["expected"]) == (reject["column"], reject["expected"])


def test_a_source_is_scored_as_it_is_with_its_keys_alone(flights: Pipeline) -> None:
    result = flights.score(IN="flights.csv.gz", OUT="late/2013.parquet", KEEP="flight,time_hour")

    assert result.returncode == 0, result.stdout + result.stderr
    found = parquet.read_table(scored(flights, "late/2013.parquet"))
    assert found.column_names[:3] == ["flight", "time_hour", "predicted_late"]
    assert found.num_rows + len(rejects(flights, "late/2013.parquet")) == 336_776


def test_the_likeliest_classes_replace_a_column_for_each(penguins: Pipeline) -> None:
    result = penguins.score(IN="penguins.csv", OUT="likeliest.csv", TOP_K="2")

    assert result.returncode == 0, result.stdout + result.stderr
    header = scored(penguins, "likeliest.csv").read_text(encoding="utf-8").partition("\n")[0]
    added = ["predicted_species", "class_1", "probability_1", "class_2", "probability_2"]
    assert header.split(",")[-5:] == added


def test_mistakes_end_in_one_line_and_with_the_code_of_a_stage(
    penguins: Pipeline, make_pipeline: MakePipeline
) -> None:
    missing = penguins.score(IN="penguin.csv", OUT="a.csv")
    nothing = penguins.score(IN="penguins.csv")
    penguins.provide("wrong.csv", "island,bil_length_mm\nDream,1\n")
    unknown = penguins.score(IN="wrong.csv", OUT="a.csv")
    empty = make_pipeline()
    empty.configure('source = "new.csv"\ntarget = "a"\n')
    empty.provide("new.csv", "a\n1\n")
    no_model = empty.score(IN="new.csv", OUT="a.csv")

    results = (missing, nothing, unknown, no_model)
    assert [each.returncode for each in results] == [78, 78, 65, 65]
    assert "IN=penguin.csv: no such file in the data folder; did you mean penguins.csv?" in (
        missing.stdout
    )
    assert "usage: make score IN=new.csv OUT=scored.parquet" in nothing.stderr
    assert "did you mean bill_length_mm?" in unknown.stdout
    assert last_line(no_model).endswith(f"has no models yet; {empty.hint('up')} trains one")
    assert not scored(penguins, "a.csv").exists()


def test_a_folder_that_the_container_may_not_write_to_is_named_with_what_to_type(
    penguins: Pipeline,
) -> None:
    penguins.score(IN="penguins.csv", OUT="a.csv")
    folder = scored(penguins, "")
    folder.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    try:
        result = penguins.score(IN="penguins.csv", OUT="b.csv")
    finally:
        folder.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)

    assert result.returncode == 73
    assert "/data/out: not writable for uid 10001; on the host: chmod a+rwx out" in result.stdout


def test_the_names_of_files_and_columns_may_begin_with_a_dash(penguins: Pipeline) -> None:
    header, *rows = (ROOT / "data/penguins.csv").read_text(encoding="utf-8").splitlines()
    numbered = [f"{number},{row}" for number, row in enumerate(rows, 1)]
    penguins.provide("-new.csv", "\n".join([f"-id,{header}", *numbered, ""]))

    result = penguins.score(IN="-new.csv", OUT="-scored.csv", KEEP="-id")

    assert result.returncode == 0, result.stdout + result.stderr
    with scored(penguins, "-scored.csv").open(encoding="utf-8", newline="") as file:
        [first, *_] = csv.DictReader(file)
    assert (first["-id"], first["predicted_species"]) == ("1", "Adelie")
