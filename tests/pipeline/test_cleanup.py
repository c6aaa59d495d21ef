"""What `make clean` removes; with a made-up docker, in a copy of the checkout."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.checkouts import checkout
from support.running import HINT_VARIABLES, last_line

NOBODY = 65534
DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    compose*"config --images") printf '%s\\n' stagecoach/clean:1 me/serve:2 me/absent:3 ;;
    "image inspect me/absent:3" | "image inspect stagecoach/track:1" | "volume inspect"*) exit 1 ;;
    "image rm me/serve:2") echo "Error response from daemon: serve-1 uses it" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A checkout with an environment, in which any user may write."""
    with checkout() as made:
        (made / ".envs").unlink()
        (made / ".envs/clean").mkdir(parents=True)
        (made / ".envs/clean/python").touch()
        (made / "bin").mkdir()
        (made / "bin/docker").write_text(DOCKER, encoding="utf-8")
        (made / "bin/docker").chmod(0o755)
        (made / "bin/calls").touch()
        (made / "bin/calls").chmod(0o666)
        for path in (made, made / ".envs", made / ".envs/clean"):
            path.chmod(0o777)
        yield made
        for path in (made, made / ".envs/clean"):
            if path.exists():
                path.chmod(0o777)


def clean(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `make clean` as a user who does not own the checkout, if this one may become another."""
    plain = {key: value for key, value in os.environ.items() if key not in HINT_VARIABLES}
    own = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "CALLS": f"{folder}/bin/calls"}
    as_nobody: dict[str, Any] = (
        {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    )
    return subprocess.run(
        [folder / "scripts/cleanup.sh", "clean"],
        env=plain | own | {"YES": "1", "TAG": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **as_nobody,
    )


def calls(folder: Path) -> list[str]:
    return (folder / "bin/calls").read_text(encoding="utf-8").splitlines()


def test_clean_removes_the_images_that_it_lists_and_no_others(folder: Path) -> None:
    ended = clean(folder)

    assert ended.returncode == 0, ended.stderr
    assert "the images stagecoach/clean:1 me/serve:2, which other pipelines" in ended.stdout
    removed = [call for call in calls(folder) if call.startswith("image rm")]
    assert removed == ["image rm stagecoach/clean:1", "image rm me/serve:2"]
    assert not [call for call in calls(folder) if "--rmi" in call]
    assert not (folder / ".envs").exists()


def test_clean_names_an_image_that_stays_because_it_is_used(folder: Path) -> None:
    said = clean(folder).stdout

    assert "the image me/serve:2 stays: serve-1 uses it\n" in said


def test_clean_removes_nothing_where_it_may_not_remove_a_folder(folder: Path) -> None:
    folder.chmod(0o555)

    ended = clean(folder)

    assert ended.returncode == 73
    assert last_line(ended).startswith(f"{folder}: not writable for ")
    assert ", and .envs is removed from there; " in last_line(ended)
    assert not [call for call in calls(folder) if " down " in call]


def test_clean_says_how_to_remove_a_folder_with_files_of_another_user(folder: Path) -> None:
    (folder / ".envs/clean").chmod(0o555)

    ended = clean(folder)

    assert ended.returncode == 73
    assert last_line(ended).endswith(
        "type: sudo rm -rf .envs .local/diamonds .local/copies/stagecoach-diamonds"
    )
