"""Several processes on one volume: writers, readers, and one that prunes."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, ContractError, open_artifact, open_latest
from stage_contract.artifacts import reading
from stage_contract.artifacts.publishing import prune

type Publish = Callable[..., Artifact]

PUBLICATIONS = 200
PROCESSES = multiprocessing.get_context("fork")


@contextmanager
def process(target: Callable[..., None], *arguments: Any) -> Iterator[None]:
    """Run a function in another process meanwhile; it must end well."""
    child = PROCESSES.Process(target=target, args=arguments)
    child.start()
    try:
        yield
    finally:
        child.join(timeout=60)
        if child.is_alive():
            child.kill()
    assert child.exitcode == 0


def prune_all_but_latest(volume: Path) -> list[str]:
    return prune(volume, keep=1)


def test_two_writers_at_once_do_no_harm(volume: Path, publish_example: Publish) -> None:
    def write() -> None:
        for number in range(25):
            publish_example(volume, f"{number:016x}", text=str(number))
            prune(volume, keep=3)

    with process(write):
        write()

    latest = open_latest(volume, "clean-data")
    latest.verify()
    assert latest.id == f"{24:016x}"
    assert [path.name for path in volume.glob(".*")] == []
    for path in volume.glob("[0-9a-f]*"):
        open_artifact(path).verify()


def test_a_reader_never_sees_a_torn_state_during_200_publications(
    volume: Path, publish_example: Publish, tmp_path: Path
) -> None:
    publish_example(volume, "f")
    done = tmp_path / "done"
    reads = PROCESSES.Queue()

    def read() -> None:
        seen: set[str] = set()
        while not done.exists():
            artifact = open_latest(volume, "clean-data")
            try:
                with artifact.hold():
                    artifact.verify()
                    texts = {path.read_text() for path in artifact.path.glob("[!mr]*.*")}
                    texts |= {path.read_text() for path in artifact.files("table")}
            except ContractError as error:
                if "was removed while it was being opened" not in str(error):
                    raise
            else:
                assert len(texts) == 1
                seen |= texts
        reads.put(len(seen))

    with process(read):
        for number in range(PUBLICATIONS):
            publish_example(volume, f"{number:016x}", text=str(number))
            prune(volume, keep=2)
        done.touch()
        assert reads.get(timeout=60) > 1


def test_pruning_keeps_the_newest(volume: Path, publish_example: Publish) -> None:
    for name in "abcd":
        publish_example(volume, name)

    assert prune(volume, keep=2) == ["b" * 16, "a" * 16]
    assert sorted(path.name[0] for path in volume.glob("[0-9a-f]*")) == ["c", "d"]


def test_pruning_keeps_the_latest_and_the_pinned_however_old(
    volume: Path, publish_example: Publish
) -> None:
    for name in "abcd":
        publish_example(volume, name)
    (volume / "LATEST").write_text("a" * 16)
    (volume / "PINNED").write_text("b" * 16)

    assert prune(volume, keep=1) == ["c" * 16]


@pytest.mark.parametrize("torn", [b"", b"\xff\xfe"])
def test_a_pinned_that_names_nothing_does_not_keep_pruning_from_its_work(
    volume: Path, publish_example: Publish, torn: bytes
) -> None:
    for name in "abc":
        publish_example(volume, name)
    (volume / "PINNED").write_bytes(torn)

    assert prune(volume, keep=1) == ["b" * 16, "a" * 16]


def test_pruning_removes_nothing_that_is_no_artifact(
    volume: Path, publish_example: Publish
) -> None:
    for name in "ab":
        publish_example(volume, name)
    copy = volume / "my-backup"
    (volume / ("a" * 16)).rename(copy)

    assert prune(volume, keep=1) == []
    assert (copy / "manifest.json").exists()


def test_pruning_that_crashes_leaves_no_half_of_an_artifact_under_its_name(
    volume: Path, publish_example: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_path: Path) -> None:
        raise RuntimeError

    for name in "ab":
        publish_example(volume, name)
    monkeypatch.setattr(shutil, "rmtree", crash)
    with pytest.raises(RuntimeError):
        prune_all_but_latest(volume)
    monkeypatch.undo()

    assert not (volume / ("a" * 16)).exists()
    publish_example(volume, "c")
    assert list(volume.glob(".*")) == []


def test_pruning_keeps_what_a_reader_in_another_process_holds(
    volume: Path, publish_example: Publish, tmp_path: Path
) -> None:
    held = publish_example(volume, "a")
    publish_example(volume, "b")

    def hold() -> None:
        with held.hold():
            (tmp_path / "holding").touch()
            wait_for(tmp_path / "pruned")
            held.verify()

    with process(hold):
        wait_for(tmp_path / "holding")
        assert prune_all_but_latest(volume) == []
        (tmp_path / "pruned").touch()

    assert prune_all_but_latest(volume) == [held.id]


def test_a_reader_follows_a_pointer_that_moves_while_it_opens(
    volume: Path, publish_example: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_example(volume, "a")
    read_pointer = reading.read_pointer

    def read_and_be_overtaken(path: Path) -> str | None:
        pointer = read_pointer(path)
        monkeypatch.undo()
        publish_example(volume, "b")
        prune_all_but_latest(volume)
        return pointer

    monkeypatch.setattr(reading, "read_pointer", read_and_be_overtaken)

    assert open_latest(volume, "clean-data").id == "b" * 16


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{os.getpid()} waited in vain for {path}"
        time.sleep(0.005)
