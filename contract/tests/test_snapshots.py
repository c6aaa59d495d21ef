"""What a resident stage sees: changes at a glance, and by digest whether they matter."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, SettingsError
from stage_contract.watching.snapshots import ChangeDetector

type Publish = Callable[..., Artifact]

SETTINGS = 'source = "a.csv"\n[clean]\nfactor = 2\n'


@pytest.fixture
def reader(tmp_path: Path, volume: Path, publish_example: Publish) -> ChangeDetector:
    """Looks out for [clean], which reads an artifact."""
    publish_example(volume, "a")
    (tmp_path / "tiny.toml").write_text(SETTINGS)
    return ChangeDetector("clean", folder=volume, config=tmp_path / "tiny.toml")


@pytest.fixture
def ingest(tmp_path: Path) -> ChangeDetector:
    """Looks out for [ingest], which reads the files that a glob names."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1")
    (tmp_path / "tiny.toml").write_text(SETTINGS)
    return ChangeDetector(
        "ingest", folder=tmp_path / "data", config=tmp_path / "tiny.toml", sources=matches
    )


def matches(folder: Path, table: Mapping[str, Any]) -> list[Path]:
    source = table.get("source", "")
    if source == "..":
        raise SettingsError("source = '..': expected a path below the data folder")
    return sorted(folder.glob(source))  # a ValueError if it is empty


def sees(detector: ChangeDetector, change: Callable[[], object]) -> tuple[bool, bool]:
    """Return whether look and digest are other ones after a change."""
    snapshot, digest = detector.snapshot(), detector.digest()
    change()
    return detector.snapshot() != snapshot, detector.digest() != digest


def test_nothing_is_seen_where_nothing_changes(
    reader: ChangeDetector, ingest: ChangeDetector
) -> None:
    assert sees(reader, lambda: None) == (False, False)
    assert sees(ingest, lambda: None) == (False, False)


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        ('source="a.csv"\n# a remark\n[clean]\nfactor   = 2\n', False),
        (f"{SETTINGS}[train]\nseed = 1\n", False),
        (SETTINGS.replace("2", "3"), True),
        (SETTINGS.replace("2", "2.0"), True),
        (f"{SETTINGS}keep = 1\n", True),
        (f"{SETTINGS}[claen]\n", True),
        ("source = a.csv", True),
    ],
)
def test_of_the_pipeline_file_the_own_table_matters_and_what_a_run_would_refuse(
    reader: ChangeDetector, text: str, *, matters: bool
) -> None:
    assert sees(reader, lambda: reader.config.write_text(text)) == (True, matters)


def test_a_key_at_the_top_belongs_to_the_table_that_it_is_short_for(
    reader: ChangeDetector, ingest: ChangeDetector
) -> None:
    def name_others() -> None:
        ingest.config.write_text(SETTINGS.replace("a.csv", "*.csv"))

    assert sees(ingest, name_others) == (True, True)
    ingest.config.write_text(SETTINGS)
    assert sees(reader, name_others) == (True, False)


def test_another_content_matters_and_another_id_does_not(
    reader: ChangeDetector, publish_example: Publish
) -> None:
    assert sees(reader, lambda: publish_example(reader.folder, "b")) == (True, False)
    assert sees(reader, lambda: publish_example(reader.folder, "c", text="2")) == (True, True)


def test_a_volume_without_artifacts_is_missing_and_no_error(reader: ChangeDetector) -> None:
    (reader.folder / "LATEST").unlink()

    assert reader.snapshot().is_missing
    assert len(reader.digest()) == 64


def test_a_pointer_that_can_not_be_read_is_left_to_the_run_to_tell(reader: ChangeDetector) -> None:
    assert sees(reader, lambda: (reader.folder / "LATEST").write_text("?")) == (True, True)
    assert not reader.snapshot().is_missing


def test_a_manifest_that_can_not_be_read_is_left_to_the_run_to_tell(reader: ChangeDetector) -> None:
    (manifest,) = reader.folder.glob("*/manifest.json")

    assert sees(reader, lambda: manifest.write_text("torn"))[1]


def test_an_appended_line_is_seen(ingest: ChangeDetector) -> None:
    def append() -> None:
        with (ingest.folder / "a.csv").open("a") as file:
            file.write("2")

    assert sees(ingest, append) == (True, True)


def test_other_bytes_of_equal_size_and_time_are_seen(ingest: ChangeDetector) -> None:
    path = ingest.folder / "a.csv"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns

    def overwrite() -> None:
        path.write_text("2")
        os.utime(path, ns=times)

    assert sees(ingest, overwrite) == (True, True)


def test_a_file_renamed_over_another_one_is_seen_even_with_its_size_and_time(
    ingest: ChangeDetector,
) -> None:
    path = ingest.folder / "a.csv"
    other = ingest.folder / "new"
    other.write_text("2")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))

    assert sees(ingest, lambda: other.replace(path)) == (True, True)


def test_a_touched_file_is_seen_and_does_not_matter(ingest: ChangeDetector) -> None:
    assert sees(ingest, lambda: os.utime(ingest.folder / "a.csv", (1, 1))) == (True, False)


def test_another_file_of_a_glob_matters_and_one_beside_it_is_not_even_seen(
    ingest: ChangeDetector,
) -> None:
    ingest.config.write_text(SETTINGS.replace("a.csv", "*.csv"))

    assert sees(ingest, (ingest.folder / "b.txt").touch) == (False, False)
    assert sees(ingest, (ingest.folder / "b.csv").touch) == (True, True)
    assert sees(ingest, (ingest.folder / "b.csv").unlink) == (True, True)


def test_a_name_that_is_no_utf_8_is_left_to_the_run_to_tell(ingest: ChangeDetector) -> None:
    ingest.config.write_text(SETTINGS.replace("a.csv", "*.csv"))

    assert sees(ingest, (ingest.folder / os.fsdecode(b"\xe9.csv")).touch) == (True, True)


def test_a_source_that_is_gone_is_left_to_the_run_to_tell(ingest: ChangeDetector) -> None:
    assert sees(ingest, (ingest.folder / "a.csv").unlink) == (True, True)
    assert not ingest.snapshot().is_missing


@pytest.mark.parametrize("text", ['source = ".."', 'source = "', "[ingest]"])
def test_a_source_that_can_not_be_named_is_left_to_the_run_to_tell(
    ingest: ChangeDetector, text: str
) -> None:
    assert sees(ingest, lambda: ingest.config.write_text(text)) == (True, True)
    assert sees(ingest, lambda: ingest.config.write_text(SETTINGS)) == (True, True)


def test_a_pipeline_file_may_come_later(ingest: ChangeDetector) -> None:
    ingest.config.unlink()

    assert sees(ingest, lambda: ingest.config.write_text(SETTINGS)) == (True, True)


def test_looking_reads_no_data(reader: ChangeDetector, ingest: ChangeDetector) -> None:
    (manifest,) = reader.folder.glob("*/manifest.json")
    content = json.loads(manifest.read_bytes()) | {"rows": 2}

    assert sees(reader, lambda: manifest.write_text(json.dumps(content))) == (False, False)
    assert ingest.snapshot() == ingest.snapshot()
