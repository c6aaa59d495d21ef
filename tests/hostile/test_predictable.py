"""The file that trained can be predicted: the API and `make score` read what ingest has read."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hostile import bytes_of_text, csv_structure
from hostile.cases import Case
from hostile.ingesting import Stage
from pyarrow import parquet
from support.local_stages import LocalPipeline
from support.running import ROOT

CASES = [
    case
    for case in [*csv_structure.CASES, *bytes_of_text.CASES]
    if case.refusal is None and case.name in case.files
]
PACKED = (b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd")


class Readers:
    """Serve's two readers of CSV, in a process of their own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(self, path: Path, lineage: list[Any], columns: list[str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        call = {"file": str(path), "lineage": lineage, "columns": columns}
        print(json.dumps(call), file=self._process.stdin, flush=True)
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    subprocess.run([ROOT / "scripts/envs.sh", "serve-tests"], check=True)
    folders = LocalPipeline(tmp_path_factory.mktemp("readers"), without_build={"serve"})
    python, *_ = folders.command("serve")
    with subprocess.Popen(
        [python, Path(__file__).with_name("reading.py")],
        env=folders.environment("serve"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Readers(process)
        assert process.stdin is not None
        process.stdin.close()


def ingested(stage: Stage) -> tuple[dict[str, list[str]], int, list[Any]]:
    """Return the table, how many lines were rejected, and the lineage."""
    artifact = stage.folders.latest("ingest")
    tables = [parquet.read_table(path) for path in artifact.files("table")]
    columns: dict[str, list[str]] = pa.concat_tables(tables).to_pydict()
    return columns, artifact.manifest["metrics"]["rejected"], artifact.manifest["lineage"]


def check(stage: Stage, readers: Readers, case: Case) -> None:
    columns, rejected, lineage = ingested(stage)
    path = stage.folders.root / "data" / case.name

    found = readers.read(path, lineage, [*columns])

    if case.files[case.name].startswith(PACKED):
        del found["body"]  # The API takes no compressed body.
    rows = [[*row] for row in zip(*columns.values(), strict=True)]
    expected = {"names": [*columns], "rows": rows, "wrong": rejected}
    assert found == dict.fromkeys(found, expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_ingest_reads_of_a_hostile_file_is_what_is_predicted(
    stage: Stage, readers: Readers, case: Case
) -> None:
    run = stage.ingest(case)
    assert run.exit_code == 0, run.output

    check(stage, readers, case)


NAMES = ["", " ", "a", "a", " a ", "A", "b c", "é", 'q"q', "x\ny", "Unnamed: 0"]
CELLS = ["", " ", "1", "1,5", "a;b", "tab\tbed", "x|y", 'say "hi"', "two\nlines", "\r\n", "é“"]
CELLS += ["#", "\\", "'", "NA", "0x1A", "日本", '""', '"']
LINES = ["", "#comment", "  ", "1", "1,2,3,4,5,6,7,8,9", ";;;;;;;;;"]
BEFORE = [[], [], [], ["Stones, 2024"], ["", "# by hand"]]
ENCODINGS = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"]
SEEDS = 200


def made(seed: int) -> Case:
    """Return a CSV file as programs and people write them, with the settings that it needs."""
    chance = random.Random(seed)  # noqa: S311  # no secret depends on it
    width = chance.randint(1, 4)
    has_header, all_quoted = chance.random() < 0.8, chance.random() < 0.3
    table = [[chance.choice(NAMES) for _ in range(width)]] if has_header else []
    rows = chance.randint(1, 6)
    table += [[chance.choice(CELLS) for _ in range(width)] for _ in range(rows)]
    delimiter = chance.choice(",;\t|")
    lines = [
        delimiter.join(quoted(cell, delimiter, always=all_quoted) for cell in row) for row in table
    ]
    for _ in range(chance.randint(0, 2)):
        lines.insert(chance.randint(1, len(lines)), chance.choice(LINES))
    before = chance.choice(BEFORE)
    end = chance.choice(["\n", "\n", "\r\n", "\r"])
    text = end.join([*before, *lines, *chance.choice([[], [""]])])
    encoding = chance.choice(ENCODINGS)
    settings = [f"skip = {len(before)}", f"header = {str(has_header).lower()}"]
    if chance.random() < 0.5:
        settings.append(f"delimiter = {json.dumps(delimiter)}")
    if encoding in {"utf-16-le", "latin-1"}:
        settings.append(f'encoding = "{encoding}"')
    content = text.encode(encoding, errors="replace")
    return Case("t.csv", {"t.csv": content}, "\n".join(settings))


def quoted(cell: str, delimiter: str, *, always: bool) -> str:
    needs = always or cell.startswith('"') or any(c in cell for c in (delimiter, "\n", "\r"))
    return '"' + cell.replace('"', '""') + '"' if needs else cell


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_ingest_reads_of_any_csv_is_what_is_predicted(
    stage: Stage, readers: Readers, seed: int
) -> None:
    case = made(seed)
    if stage.ingest(case).exit_code == 0:
        check(stage, readers, case)
