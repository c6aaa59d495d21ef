"""The files that `source` names, for a stage in watch mode."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ingest.sources.file_matching import source_files, unread_files
from stage_contract import SettingsError

FILES = (
    *("a.csv", "b.csv", "c.txt", "[a].csv", ".hidden.csv", "2024/a.csv"),
    *("out/b.csv", "out/A.JSONL.gz", "out/_SUCCESS", "out/.x.csv", "out/_tmp/x.csv", "out/x.md"),
    *("out/year=2024/c.parquet", ".trash/a.csv", ".trash/.b.csv", ".trash/old/a.csv"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a.csv", ["a.csv"]),
        ("*.csv", ["[a].csv", "a.csv", "b.csv"]),
        ("**/a.csv", ["2024/a.csv", "a.csv"]),
        ("2024/**", ["2024/a.csv"]),
        ("[a].csv", ["[a].csv"]),
        ("2024", ["2024/a.csv"]),
        ("out", ["out/A.JSONL.gz", "out/b.csv", "out/year=2024/c.parquet"]),
        ("o*", ["out/A.JSONL.gz", "out/b.csv", "out/year=2024/c.parquet"]),
        ("out/year=*", ["out/year=2024/c.parquet"]),
        ("out/*.md", ["out/x.md"]),
        (".h*", [".hidden.csv"]),
        ("*/*.csv", ["2024/a.csv", "out/b.csv"]),
        ("**/old", []),
        (".trash/*.csv", [".trash/a.csv"]),
        (".trash/.*", [".trash/.b.csv"]),
        (".t*/**/a.csv", [".trash/a.csv", ".trash/old/a.csv"]),
        ("d.csv", []),
        ("", []),
        (7, []),
        (None, []),
    ],
)
def test_a_path_or_a_glob_names_files_in_the_order_of_their_bytes(
    folder: Path, source: Any, names: list[str]
) -> None:
    found = source_files(folder, {} if source is None else {"source": source})

    assert [path.relative_to(folder).as_posix() for path in found] == names


def test_what_is_left_out_of_a_folder_is_known(folder: Path) -> None:
    (folder / "out/linked").symlink_to(folder / "2024")
    (folder / "out/pipe").symlink_to(folder / "nowhere")

    found = [path.relative_to(folder).as_posix() for path in unread_files(folder, "out")]
    assert found == ["out/linked", "out/pipe", "out/x.md"]
    assert unread_files(folder, "*.csv") == []


@pytest.mark.parametrize("source", ["../a.csv", "/etc/*", "2024/../a.csv"])
def test_a_path_that_leaves_the_folder_names_none(folder: Path, source: str) -> None:
    with pytest.raises(SettingsError, match="expected a path below the data folder"):
        source_files(folder, {"source": source})


@pytest.mark.parametrize("source", ["a\0b.csv", "\0", "sub/*\0.csv"])
def test_a_path_with_a_nul_character_is_a_wrong_setting(folder: Path, source: str) -> None:
    with pytest.raises(SettingsError, match=r"\\x00.*': expected a path without a NUL character"):
        source_files(folder, {"source": source})


def test_asking_loads_the_standard_library_only() -> None:
    code = (
        "import sys, ingest.sources.file_matching;"
        " print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    own = {"ingest", "stage_contract", "__main__"}
    assert set(loaded.stdout.split()) - own <= sys.stdlib_module_names
