"""Copy the latest artifact of a pipeline's volume into a folder of this machine.

The volume is mounted read-only. What the folder holds besides is removed, so that a stage which is
run on it finds what it would find in the pipeline.
"""

import argparse
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import IO, cast

from stage_contract import (
    ContractError,
    Progress,
    StageError,
    configure_logging,
    escaped,
    open_artifact,
)
from stage_contract.artifacts.manifests import LATEST
from stage_contract.artifacts.reading import check_sizes
from stage_contract.artifacts.volumes import write_text

DRAFT = ".draft-copy"
MB = 1_000_000


class Reported:
    """What is read from a stream, with a report of how far that is."""

    def __init__(self, stream: IO[bytes] | None, progress: Progress) -> None:
        self._stream = cast("IO[bytes]", stream)
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        """Read and report."""
        content = self._stream.read(size)
        self._progress.add(len(content))
        return content


def main() -> None:
    """Copy what LATEST names, unless it is there already; an empty volume gives an empty folder."""
    options = _parser().parse_args()
    configure_logging("copy")
    try:
        copy(options.volume, options.folder, image=options.image, kind=options.kind)
    except StageError as error:
        print(escaped(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)


def copy(volume: str, folder: Path, *, image: str, kind: str) -> None:
    """Make a folder hold the latest artifact of a volume, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    found = _ask(volume, image, "cat LATEST 2>/dev/null && du -sb $(cat LATEST) || true")
    name, _, size = found.partition("\n")
    for path in folder.iterdir():
        if path.name != name or not _is_whole(path, kind):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not name:
        print(f"{volume}: nothing was published on it yet")
        return
    if (folder / name).exists():
        print(f"{kind} {name} is in {folder} already")
    else:
        print(f"copying {kind} {name} to {folder}")
        _extract(volume, folder, name=name, image=image, total=int(size.split()[0]))
    write_text(folder / LATEST, f"{name}\n")


def _is_whole(path: Path, kind: str) -> bool:
    try:
        check_sizes(open_artifact(path, kind))
    except ContractError:
        return False
    return True


def _extract(volume: str, folder: Path, *, name: str, image: str, total: int) -> None:
    draft = folder / DRAFT
    command = _command(volume, image, f"exec tar --create {name}")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as container:  # noqa: S603  # our own
        reported = Reported(container.stdout, Progress("bytes copied", total=total))
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", reported), mode="r|") as archive:
                archive.extractall(draft, filter="data")
        except tarfile.ReadError:
            raise _unreadable(volume) from None
    if container.returncode:
        raise _unreadable(volume)
    (draft / name).rename(folder / name)
    draft.rmdir()


def _ask(volume: str, image: str, script: str) -> str:
    command = _command(volume, image, script)
    asked = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603  # our own
    if asked.returncode:
        raise _unreadable(volume)
    return asked.stdout.decode()


def _unreadable(volume: str) -> ContractError:
    return ContractError(f"{volume}: could not be read; see the error above")


def _command(volume: str, image: str, script: str) -> list[str]:
    run = ["docker", "run", "--rm", "--network=none", "--read-only", "--user=10001:10001"]
    mount = [f"--volume={volume}:/volume:ro", "--workdir=/volume"]
    return [*run, *mount, "--entrypoint=sh", image, "-c", script]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="copy_volume.py", description=__doc__)
    parser.add_argument("volume", help="the name that Docker knows it by")
    parser.add_argument("kind", help="the kind of artifact that it holds")
    parser.add_argument("folder", type=Path, help="the folder on this machine")
    parser.add_argument("--image", required=True, help="an image with sh and tar")
    return parser


if __name__ == "__main__":
    main()
