"""Plain files of a volume: a pipe, device or folder in place of one is an error, not a wait."""

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from stage_contract import ContractError, open_latest
from stage_contract.artifacts.plain_files import open_plain, read_plain
from stage_contract.artifacts.publishing import open_draft, publish
from stage_contract.artifacts.reading import read_pinned, read_pointer
from stage_contract.artifacts.verdicts import read_verdict
from stage_contract.artifacts.volumes import read_refused

MANIFEST = {
    "contract": "1.0",
    "kind": "model",
    "id": "a" * 16,
    "stage": {"name": "train", "version": "0"},
    "settings": "{}",
    "inputs": [],
    "lineage": [],
    "rows": 1,
    "metrics": {"rejected": 0},
}
SECONDS = 10


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    # A socket's name must be short.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def make_link(path: Path) -> None:
    path.symlink_to("/dev/zero")


IN_PLACE_OF_A_FILE = {
    "a folder": Path.mkdir,
    "a pipe": make_pipe,
    "a socket": make_socket,
    "a link": make_link,
}


def within_seconds[Result](function: Callable[[], Result]) -> Result:
    """Return what a function returns; one that waits for ever fails the test."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if errors:
        raise errors[0]
    assert results, f"not within {SECONDS} s"
    return results[0]


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    with open_draft(tmp_path) as draft:
        (draft.path / "model.json").write_text("{}")
        publish(draft, tmp_path, MANIFEST, run={})
    return tmp_path


@pytest.mark.parametrize("kind", IN_PLACE_OF_A_FILE)
def test_what_is_no_plain_file_is_named(tmp_path: Path, kind: str) -> None:
    IN_PLACE_OF_A_FILE[kind](tmp_path / "file")

    with pytest.raises(ContractError, match=f"file: is {kind}; expected a plain file"):
        within_seconds(lambda: open_plain(tmp_path / "file"))


def test_a_device_is_named() -> None:
    with pytest.raises(ContractError, match="is a device"):
        within_seconds(lambda: open_plain(Path("/dev/zero")))


def test_no_more_of_a_file_is_read_than_is_expected(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(10**12)

    with pytest.raises(ContractError, match="has more than 1,000 bytes"):
        within_seconds(lambda: read_plain(tmp_path / "file", max_bytes=1000))


@pytest.mark.parametrize("kind", IN_PLACE_OF_A_FILE)
@pytest.mark.parametrize("name", ["LATEST", "PINNED"])
def test_a_pointer_that_is_no_plain_file_is_named(tmp_path: Path, name: str, kind: str) -> None:
    read = {"LATEST": read_pointer, "PINNED": read_pinned}[name]
    IN_PLACE_OF_A_FILE[kind](tmp_path / name)

    with pytest.raises(ContractError, match=f"{name}: is {kind}; expected a file with an id"):
        within_seconds(lambda: read(tmp_path))


@pytest.mark.parametrize("kind", IN_PLACE_OF_A_FILE)
def test_verdicts_and_refusals_that_are_no_plain_files_say_nothing(
    tmp_path: Path, kind: str
) -> None:
    for name in ("verdict.json", "REFUSED"):
        IN_PLACE_OF_A_FILE[kind](tmp_path / name)

    assert within_seconds(lambda: read_verdict(tmp_path)) == {}
    assert within_seconds(lambda: [read_refused(tmp_path)]) == [None]


@pytest.mark.parametrize("kind", IN_PLACE_OF_A_FILE)
@pytest.mark.parametrize("name", ["manifest.json", "model.json"])
def test_a_file_of_an_artifact_that_is_no_plain_file_is_named(
    volume: Path, name: str, kind: str
) -> None:
    place = volume / MANIFEST["id"] / name
    place.unlink()
    IN_PLACE_OF_A_FILE[kind](place)

    def read() -> Path:
        return open_latest(volume, "model").file("model.json")

    with pytest.raises(ContractError, match=f"{name}.*(is {kind}|by a link|is a link)"):
        within_seconds(read)


def test_a_manifest_that_is_nested_too_deeply_is_no_json(volume: Path) -> None:
    (volume / MANIFEST["id"] / "manifest.json").write_text("[" * 100_000)

    with pytest.raises(ContractError, match=r"manifest\.json: not JSON"):
        open_latest(volume, "model")


def test_a_manifest_without_an_end_is_not_read_whole(volume: Path) -> None:
    with (volume / MANIFEST["id"] / "manifest.json").open("wb") as file:
        file.truncate(10**12)

    with pytest.raises(ContractError, match=r"manifest\.json: has more than"):
        within_seconds(lambda: open_latest(volume, "model"))


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps({}))

    assert read_plain(tmp_path / "file", max_bytes=2) == b"{}"
