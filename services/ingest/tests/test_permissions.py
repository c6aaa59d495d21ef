"""Sources without read permission: the error names the command that grants it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ingest.sources.source_files import find_files
from stage_contract import StageError

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can take another user's part")


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that another user can reach, unlike pytest's folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for path in ("t.csv", "sales/2023/t.csv", "sales/2024/t.csv", "secret/key.csv"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("a\n1\n", encoding="utf-8")
        (folder / "secret").chmod(0o700)
        yield folder


def found_by_another_user(data: Path, source: str) -> str:
    """Return the names of the files that uid 10001 finds, or the error."""
    reading, writing = os.pipe()
    if not os.fork():
        os.setuid(10001)
        try:
            said = " ".join(file.name for file in find_files(data, source).files)
        except StageError as error:
            said = str(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.wait()
    return said


def test_what_the_source_does_not_name_may_be_closed(data: Path) -> None:
    (data / "sales/2023/t.csv").chmod(0o600)

    assert found_by_another_user(data, "t.csv") == "t.csv"
    assert found_by_another_user(data, "*.csv") == "t.csv"
    assert found_by_another_user(data, "sales/2024") == "sales/2024/t.csv"


@pytest.mark.parametrize(
    ("closed", "source", "command"),
    [
        ("t.csv", "t.csv", "chmod a+r data/t.csv"),
        ("sales", "sales/2024/t.csv", "chmod a+x data/sales"),
        ("sales", "sales/*/t.csv", "chmod a+rx data/sales"),
        ("sales", "sales/**/t.csv", "chmod a+rx data/sales"),
        ("sales/2024", "sales/*/t.csv", "chmod a+x data/sales/2024"),
        ("sales/2024", "sales/20*/*.csv", "chmod a+rx data/sales/2024"),
        ("sales/2024", "sales/**/t.csv", "chmod a+x data/sales/2024"),
        ("sales/2024", "sales", "chmod a+rx data/sales/2024"),
        ("sales/2024/t.csv", "sales", "chmod a+r data/sales/2024/t.csv"),
        (".", "t.csv", "chmod a+rx data"),
    ],
)
def test_the_command_opens_the_closed_path_alone(
    data: Path, closed: str, source: str, command: str
) -> None:
    (data / closed).chmod(0o600)

    said = found_by_another_user(data, source)

    assert said.endswith(f": not readable for uid 10001; on the host: {command}")


def test_the_command_names_the_folder_on_the_host(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", "/home/ann/my tables")
    (data / "sales/2024").chmod(0o600)

    said = found_by_another_user(data, "sales/20*/*.csv")

    assert said.endswith("; on the host: chmod a+rx '/home/ann/my tables/sales/2024'")


def test_a_closed_folder_that_a_glob_would_pass_over_is_reported(data: Path) -> None:
    (data / "sales/2023").chmod(0o711)

    assert found_by_another_user(data, "sales/*/t.csv") == "sales/2023/t.csv sales/2024/t.csv"
    assert "chmod a+rx data/sales/2023" in found_by_another_user(data, "sales/*/*.csv")
