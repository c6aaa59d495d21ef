"""Hostile files: each is read right, or refused with one line that says where and what to do."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hostile import bytes_of_text, csv_structure, folders, json_lines, typed_files
from hostile.cases import Case
from hostile.counting import count_rows
from hostile.ingesting import Stage
from pyarrow import parquet

CASES = [
    *csv_structure.CASES,
    *bytes_of_text.CASES,
    *json_lines.CASES,
    *typed_files.CASES,
    *folders.CASES,
]
READ = [case for case in CASES if case.refusal is None]
REFUSED = [case for case in CASES if case.refusal is not None]


def test_the_corpus_has_sixty_files_and_no_name_twice() -> None:
    names = [case.name for case in CASES]

    assert len(set(names)) == len(names)
    assert len(names) >= 60


@pytest.mark.parametrize("case", READ, ids=str)
def test_a_hostile_file_is_read_and_every_row_is_accounted_for(stage: Stage, case: Case) -> None:
    run = stage.ingest(case)
    assert run.exit_code == 0, run.output
    artifact = stage.folders.latest("ingest")
    artifact.verify()

    tables = [parquet.read_table(path) for path in artifact.files("table")]
    assert pa.concat_tables(tables).to_pydict() == case.columns
    rejects = [
        json.loads(line)
        for path in artifact.files("rejects")
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]
    ]
    assert [(reject["row"], reject["record"]) for reject in rejects] == [*case.rejected]
    assert case.told in run.output
    files: list[dict[str, Any]] = json.loads(artifact.file("source.json").read_bytes())["files"]
    counted = sum(count_rows(case.files[how["source"]], how) for how in files)
    assert counted == artifact.rows + len(rejects)
    assert artifact.manifest["metrics"]["rejected"] == len(rejects)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_hostile_file_is_refused_with_one_line(stage: Stage, case: Case) -> None:
    run = stage.ingest(case)

    assert run.exit_code == 65, run.output
    assert "Traceback" not in run.output
    *_, line = run.output.splitlines()
    is_folder = case.name not in case.files
    where = f"{case.name}/" if is_folder else f"{case.name}: "
    assert line.startswith(f"ingest    error: {where}{case.refusal}")
    _, _, remedy = line.rpartition("; ")
    assert remedy != line
    assert sorted(path.name for path in stage.folders.volume("ingest").iterdir()) == ["FAILED.json"]
