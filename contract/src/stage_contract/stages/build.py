"""The build digest of an image: code, lock file, Python version, processor and base image.

`python -m stage_contract LOCK BUILD_FILE FOLDER…` writes it as the last step of an image; it
contains no times, so the same sources give the same digest on every host.
"""

import hashlib
import json
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from stage_contract.artifacts.digests import content_digest, file_digest

BUILD_FILE = "/app/build.json"
PACKAGE_LISTS = ("var/lib/dpkg/status", "var/lib/dpkg/status.d/*", "lib/apk/db/installed")
"""Where Debian, distroless and Alpine images list their packages, below the root."""
_PACKAGE = re.compile(r"^(?:Package|Version|P|V): ?(.+)$", re.MULTILINE)


def build_parts(
    lock: Path, folders: Sequence[Path], *, root: Path = Path("/")
) -> dict[str, str] | None:
    """Return a digest or version for each thing that an image's behaviour depends on.

    None if the base image below `root` lists no packages, so that its changes are unknown.
    """
    packages = [path for place in PACKAGE_LISTS for path in root.glob(place) if path.is_file()]
    if not packages:
        return None
    no_code = {lock.name, Path(BUILD_FILE).name}
    code = [
        (path.relative_to(folder).as_posix(), file_digest(path))
        for folder in folders
        for path in _sources(folder)
        if path.name not in no_code
    ]
    return {
        "code": content_digest(code),
        "requirements.lock": file_digest(lock),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "base image": _packages_digest(packages),
    }


def build_digest(parts: dict[str, str]) -> str:
    """Return the SHA-256 over `name value` lines, in the order of `build_parts`."""
    text = "".join(f"{name} {value}\n" for name, value in parts.items())
    return hashlib.sha256(text.encode()).hexdigest()


def read_build() -> dict[str, str] | None:
    """Return the parts that the last build step wrote; None disables skipping."""
    path = Path(os.environ.get("STAGE_BUILD", BUILD_FILE))
    try:
        parts: dict[str, str] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return parts


def _sources(folder: Path) -> list[Path]:
    """Return all files of a folder except bytecode and hidden files."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: no such folder; expected a stage's code")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [
        path
        for path in paths
        if not any(
            part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts
        )
    ]


def _packages_digest(lists: Sequence[Path]) -> str:
    """Return the SHA-256 of all names with their versions, sorted."""
    # Sorted, since dpkg keeps the order of installation on some systems.
    blocks = [block for path in lists for block in path.read_text(encoding="utf-8").split("\n\n")]
    found = sorted(" ".join(_PACKAGE.findall(block)) for block in blocks)
    return hashlib.sha256("\n".join(found).encode()).hexdigest()
