"""scripts/readable.sh: what the containers must be able to read, and the command that opens it."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/readable.sh"
CHECK = 'die() { shift; echo "$*"; exit 65; }; . "$1"; require_path "$2" "$3"'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a table and a secret beside it that only its owner may read."""
    folder = tmp_path / "my data"
    (folder / "sales/it's new").mkdir(parents=True)
    for name in ("secret.env", "t.csv", "sales/it's new/t.csv", "sales/secret.csv"):
        (folder / name).write_text("a\n1\n", encoding="utf-8")
        (folder / name).chmod(0o600 if "secret" in name else 0o644)
    return folder


def refusal(data: Path, name: str) -> str:
    """Return what the check says; nothing if all can be read."""
    arguments = ["sh", "-c", CHECK, "sh", str(SCRIPT), str(data), name]
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("name", ["t.csv", "sales/it's new/t.csv", "sales", "*.csv", ""])
def test_an_unreadable_file_beside_the_source_is_no_obstacle(data: Path, name: str) -> None:
    assert refusal(data, name) == ""


def test_the_remedy_opens_the_named_file_and_nothing_else(data: Path) -> None:
    (data / "t.csv").chmod(0o600)

    said = refusal(data, "t.csv")

    assert said.endswith(f"; type: chmod a+r '{data}/t.csv'\n")


def test_the_remedy_opens_the_folders_that_lead_to_the_file(data: Path) -> None:
    for folder in (data, data / "sales", data / "sales/it's new"):
        folder.chmod(0o700)
    (data / "sales/it's new/t.csv").chmod(0o600)

    said = refusal(data, "sales/it's new/t.csv")
    subprocess.run(["sh", "-c", said.partition("type: ")[2]], check=True)

    assert refusal(data, "sales/it's new/t.csv") == ""
    assert [path.stat().st_mode & 0o777 for path in (data, data / "sales")] == [0o755, 0o711]
    assert (data / "secret.env").stat().st_mode & 0o777 == 0o600
    assert (data / "sales/secret.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(("owner", "group", "mode"), [(10001, 0, 0o400), (0, 10001, 0o040)])
def test_a_file_that_belongs_to_the_containers_user_needs_no_open_mode(
    data: Path, owner: int, group: int, mode: int
) -> None:
    os.chown(data / "t.csv", owner, group)
    (data / "t.csv").chmod(mode)

    assert refusal(data, "t.csv") == ""


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ('source = "t.csv"', "t.csv"),
        ("[ingest]\nsource = 't.csv' # mine", "t.csv"),
        ('source = "sqlite:///shop.db"', "shop.db"),
        ('source = "sales/"', "sales"),
        ('name = "x"', ""),
    ],
)
def test_the_source_of_a_pipeline_file_is_found(tmp_path: Path, line: str, source: str) -> None:
    (tmp_path / "p.toml").write_text(f"{line}\n", encoding="utf-8")
    command = f". {SCRIPT}; source_of {tmp_path}/p.toml"
    found = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == source
