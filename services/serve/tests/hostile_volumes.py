"""Volumes with something else in place of a file, and manifests that say what can't be."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_documents import DEEP
from hostile_publishing import Make, in_place_of, pointing, spoiled


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def without_an_end(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "pipe": pipe,
    "socket": unix_socket,
    "link": link_to_zeros,
    "folder": Path.mkdir,
    "terabyte": without_an_end,
}


def _many_files(artifact: Path) -> None:
    for number in range(5000):
        (artifact / f"extra{number}").touch()


def _is_link(artifact: Path) -> None:
    real = artifact.with_name("real")
    artifact.rename(real)
    artifact.symlink_to(real)


def _is_file(artifact: Path) -> None:
    for path in artifact.iterdir():
        path.unlink()
    artifact.rmdir()
    artifact.touch()


def _manifest(change: Callable[[dict[str, Any]], object]) -> Make:
    def spoil(artifact: Path) -> None:
        path = artifact / "manifest.json"
        manifest = json.loads(path.read_bytes())
        change(manifest)
        path.write_text(json.dumps(manifest))

    return spoiled(spoil)


def _written(name: str, content: bytes) -> Make:
    return spoiled(lambda artifact: (artifact / name).write_bytes(content))


VOLUMES: dict[str, Make] = {
    **{f"LATEST is a {kind}": pointing(place) for kind, place in NO_FILES.items()},
    "LATEST names a folder above": pointing(lambda path: path.write_text("../../../../etc/")),
    "LATEST names nothing that is there": spoiled(shutil.rmtree),
    **{
        f"{name} is a {kind}": in_place_of(name, place)
        for name in ("manifest.json", "model.onnx")
        for kind, place in NO_FILES.items()
    },
    **{
        f"{name} is a {kind}": in_place_of(name, NO_FILES[kind])
        for name in ("model.json", "examples.jsonl", "run.json", "verdict.json")
        for kind in ("pipe", "terabyte")
    },
    "many files": spoiled(_many_files),
    "artifact is a link": spoiled(_is_link),
    "artifact is a file": spoiled(_is_file),
    "manifest nested": _written("manifest.json", DEEP),
    "run.json nested": _written("run.json", DEEP),
    "run.json a list": _written("run.json", b"[1]"),
    "verdict.json no JSON": _written("verdict.json", b"\xff{"),
    "verdict.json a text": _written("verdict.json", b'"accepted"'),
    "manifest of a file twice": _manifest(lambda m: m["files"].append(m["files"][0])),
    "manifest of a file above": _manifest(lambda m: m["files"][0].update(path="../LATEST")),
    "manifest of less than nothing": _manifest(lambda m: m["files"][0].update(bytes=-1)),
    "manifest of null": _manifest(lambda m: m.update(files=[None])),
    "manifest of a vast count": _written("manifest.json", b'{"rows": 1%b}' % (b"0" * 5000)),
    "manifest of another version": _manifest(lambda m: m.update(contract="")),
    "manifest without stage": _manifest(lambda m: m.update(stage=[], lineage={})),
}
