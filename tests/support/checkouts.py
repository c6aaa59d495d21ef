"""A copy of this checkout, for tests in which commands write to it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.running import ROOT, readable_folder


@contextmanager
def checkout() -> Iterator[Path]:
    """Yield a folder with all files that git knows or would take, and the environments."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    with readable_folder() as folder:
        for name in filter(None, listing.stdout.split("\0")):
            if (source := ROOT / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        (folder / ".envs").symlink_to(ROOT / ".envs")
        yield folder
