"""A table as a German office exports it: what trained is predicted, and so is what is like it."""

import csv
import gzip
import io
import random
from collections.abc import Mapping

import httpx
import pytest
from conftest import MakePipeline
from support.running import Pipeline

ROWS = 240
HEADER = ["", " Größe ", "Ort", "Ort", "Preis €"]
NAMES = ["column_1", "Größe", "Ort", "Ort_2", "Preis €"]
SETTINGS = """\
source = "export.csv"
target = "Preis €"

[ingest]
skip = 1

[clean.columns."Größe"]
decimal_char = ","

[train]
candidates = ["linear"]
trials = 1
folds = 2
"""


def table() -> list[list[str]]:
    chance = random.Random(0)  # noqa: S311  # no secret depends on it
    sizes = [round(chance.uniform(20, 200), 1) for _ in range(ROWS)]
    places = [chance.choice(["Köln", "Berlin", 'Ulm; "West"']) for _ in range(ROWS)]
    return [
        [str(number), f"{size}".replace(".", ","), place, chance.choice("AB"), f"{size * 10:.0f}"]
        for number, (size, place) in enumerate(zip(sizes, places, strict=True), 1)
    ]


def written(
    *, header: list[str] | None = None, delimiter: str = ";", end: str = "\r\n", title: str = ""
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows([header or HEADER, *table()])
    return title + text.getvalue()


TITLE = "Bestand, Stand heute\r\n"
SOURCE = written(title=TITLE).encode("cp1252")
FILES: Mapping[str, bytes] = {
    "export.csv": SOURCE,
    "untitled.csv": written().encode("cp1252"),
    "utf-8.csv": written(title=TITLE).encode(),
    "marked.csv": written().encode("utf-8-sig"),
    "utf-16.csv": written(title=TITLE).encode("utf-16"),
    "commas.csv": written(delimiter=",").encode(),
    "tabs.tsv": written(delimiter="\t", end="\n").encode("utf-16"),
    "bars.csv": written(delimiter="|", end="\r").encode("cp1252"),
    "told.csv": ("sep=|\r\n" + written(delimiter="|")).encode(),
    "named.csv": written(header=NAMES, delimiter=",").encode(),
    "pandas.csv": written(header=["Unnamed: 0", "Größe", "Ort", "Ort.1", "Preis €"]).encode(),
    "packed.csv": gzip.compress(SOURCE),
}


@pytest.fixture(scope="module")
def export(session_pipelines: MakePipeline) -> Pipeline:
    pipeline = session_pipelines(name="export")
    pipeline.configure(SETTINGS)
    for name, content in FILES.items():
        pipeline.provide(name, content)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


def send(pipeline: Pipeline, body: bytes) -> httpx.Response:
    with pipeline.client() as client:
        return client.post("/predict", content=body, headers={"content-type": "text/csv"})


def prices(text: str) -> list[str]:
    return [row["predicted_Preis €"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_every_form_of_the_table_gets_the_same_predictions(export: Pipeline) -> None:
    expected = prices(send(export, SOURCE).text)
    assert len(expected) == ROWS

    for name, content in FILES.items():
        scored = export.score(IN=name, OUT=f"{name}.scored.csv")

        assert scored.returncode == 0, scored.stdout + scored.stderr
        result = (export.folder / "out" / f"{name}.scored.csv").read_bytes().decode()
        assert prices(result) == expected, name
        if name != "packed.csv":
            answer = send(export, content)
            assert answer.status_code == 200, (name, answer.text)
            assert answer.text == result, name


def test_the_head_of_the_file_is_a_request_and_its_header_comes_back(export: Pipeline) -> None:
    answer = send(export, b"".join(SOURCE.splitlines(keepends=True)[:5]))

    header, *rows = answer.text.splitlines()
    assert header == ", Größe ,Ort,Ort,Preis €,predicted_Preis €"
    assert len(rows) == 3


def test_a_row_that_the_pipeline_rejects_is_named(export: Pipeline) -> None:
    lines = written().encode("cp1252").splitlines(keepends=True)
    lines[3] = b"3;much;K\xf6ln;A;1\r\n"
    lines[5] = b"5;1\r\n"
    export.provide("wrong.csv", b"".join(lines))

    answer = send(export, b"".join(lines[:5]))
    scored = export.score(IN="wrong.csv", OUT="wrong.scored.csv")

    [error] = answer.json()["errors"]
    assert (error["row"], error["column"]) == (3, "Größe")
    assert "2 rejected" in scored.stdout
    assert f"{ROWS - 2:,} of {ROWS:,} rows scored" in scored.stdout
