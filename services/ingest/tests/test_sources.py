"""Source files: found below the data folder, or one line says why not."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ingest import work
from ingest.connectors.find_source import find_source
from ingest.csv import csv_files
from ingest.readers import reader_choice
from ingest.settings import Settings
from ingest.sources import source_files
from stage_contract import ContractError

type Stage = Any
"""The fixture of conftest.py."""


def test_a_missing_file_is_answered_with_the_one_that_was_meant(stage: Stage) -> None:
    stage.provide("a\n1\n", "diamonds.csv")

    assert stage.failure('source = "diamond.csv"', exit_code=78) == (
        "source = 'diamond.csv': no such file; did you mean diamonds.csv?"
    )


def test_a_missing_file_in_a_folder_is_answered_with_its_path(stage: Stage) -> None:
    stage.provide("a\n1\n", "2024/sales.csv")

    assert "did you mean 2024/sales.csv?" in stage.failure('source = "sales.csv"', exit_code=78)


def test_a_file_in_an_empty_folder_is_missing(stage: Stage) -> None:
    assert stage.failure(exit_code=78) == (
        "source = 't.csv': no such file; the data folder is empty"
    )


@pytest.mark.parametrize("source", ["../t.csv", "a/../../t.csv", "/etc/passwd"])
def test_a_path_that_leaves_the_folder_is_refused(stage: Stage, source: str) -> None:
    why = stage.failure(f'source = "{source}"', exit_code=78)

    assert why == f"source = '{source}': expected a path below the data folder"


def test_no_source_is_told_as_a_missing_setting(stage: Stage) -> None:
    (stage.root / "test.toml").write_text("[ingest]\n")
    assert stage.run("# source") == 78

    assert "[ingest] source is missing; this setting has no default" in stage.printed()


@pytest.mark.parametrize("source", ["", "."])
def test_the_whole_data_folder_is_no_source(stage: Stage, source: str) -> None:
    why = stage.failure(f'source = "{source}"', exit_code=78)

    assert why == "source = '.': expected a file, a folder or a glob below the data folder"


def test_a_folder_without_data_is_told_as_one(stage: Stage) -> None:
    stage.provide("a\n1\n", "sales/notes.md")

    why = stage.failure('source = "sales"', exit_code=78)
    assert why == (
        "source = 'sales': no file in this folder has a known data extension; name its files,"
        " for example sales/*.csv"
    )


def test_a_link_out_of_the_folder_is_refused(stage: Stage) -> None:
    target = stage.provide("a\n1\n", "../elsewhere.csv")
    (stage.data / "t.csv").symlink_to(target)

    why = stage.failure(exit_code=65)
    assert why.startswith("t.csv: is a link to ")
    assert why.endswith("which leaves the data folder; copy the file")


def test_a_link_to_nowhere_is_told_as_one(stage: Stage) -> None:
    (stage.data / "t.csv").symlink_to("/home/me/big.csv")

    assert stage.failure(exit_code=78) == (
        "source = 't.csv': is a link to /home/me/big.csv, which is not in the data folder;"
        " copy the file"
    )


def test_a_link_inside_the_folder_is_followed(stage: Stage) -> None:
    stage.provide("a\n1\n", "2024.csv")
    (stage.data / "t.csv").symlink_to("2024.csv")

    assert stage.run() == 0


def test_a_file_that_may_not_be_read_is_told_with_the_command(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    stage.provide("a\n1\n")
    monkeypatch.setattr(source_files, "file_digest", refuse)

    assert stage.failure(exit_code=65) == (
        f"t.csv: not readable for uid {os.getuid()}; on the host: chmod a+r data/t.csv"
    )


def test_a_missing_data_folder_is_told_with_the_command(stage: Stage) -> None:
    shutil.rmtree(stage.data)

    assert "not readable for uid" in stage.failure(exit_code=65)


def test_a_name_with_the_signs_of_a_pattern_is_a_name_first(stage: Stage) -> None:
    stage.provide("a\n1\n", "sales [2024].csv")

    assert stage.run('source = "sales [2024].csv"') == 0


@pytest.mark.parametrize("name", [b"a\nb.csv", b"\xe9.csv"])
def test_a_name_that_no_line_can_hold_is_refused(stage: Stage, name: bytes) -> None:
    (stage.data / os.fsdecode(name)).write_text("a\n1\n")

    why = stage.failure('source = "*.csv"', exit_code=65)
    assert why.endswith(": a line break or no UTF-8 in the name; rename the file")


def test_inputs_and_lineage_name_every_file(stage: Stage) -> None:
    stage.provide("a\n1\n", "1.csv")
    stage.provide("a\n2\n", "2.csv")
    assert stage.run('source = "*.csv"') == 0

    manifest = stage.latest().artifact.manifest
    assert [item["source"] for item in manifest["inputs"]] == ["1.csv", "2.csv"]
    assert [item["bytes"] for item in manifest["inputs"]] == [4, 4]
    assert manifest["lineage"] == manifest["inputs"]


@pytest.mark.parametrize("change", ["append", "replace", "remove", "touch back"])
def test_a_source_that_changes_while_it_is_read_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = stage.provide("a\n1\n")
    before = path.stat()

    def inspect(*arguments: Any) -> Any:
        table = inspect_csv(*arguments)
        match change:
            case "append":
                with path.open("a") as file:
                    file.write("2\n")
            case "replace":
                path.with_name("new").write_text("a\n3\n")
                path.with_name("new").rename(path)
            case "remove":
                path.unlink()
            case "touch back":
                path.write_text("a\n9\n")
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return table

    inspect_csv = csv_files.inspect_csv
    monkeypatch.setattr(reader_choice, "inspect_csv", inspect)
    if change == "remove":
        monkeypatch.setattr(work, "read_batches", lambda *_arguments: iter(()))

    assert stage.failure(exit_code=65) == "t.csv: changed while it was read; run ingest again"


def test_an_unchanged_source_is_held_without_complaint(stage: Stage) -> None:
    stage.provide("a\n1\n")
    found = find_source(stage.data, Settings(source="t.csv"))

    with found.hold():
        found.verify()


def test_another_error_than_a_change_stays_what_it_is(stage: Stage) -> None:
    stage.provide("a\n1\n")
    found = find_source(stage.data, Settings(source="t.csv"))

    with pytest.raises(ContractError, match=r"^malformed$"), found.hold():
        raise ContractError("malformed")
