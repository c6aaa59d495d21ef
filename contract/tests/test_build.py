"""The build digest: the same on every host, another one for every change that matters."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from stage_contract.stages.build import build_digest, build_parts, read_build

PACKAGES = "Package: zlib1g\nStatus: installed\nVersion: 1:1.3\n\nPackage: apt\nVersion: 3.0\n"

STATUS = "var/lib/dpkg/status"
SRC = Path(__file__).parents[1] / "src"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    image = tmp_path / "image"
    (image / "app/clean/__pycache__").mkdir(parents=True)
    (image / "app/clean/work.py").write_text("1")
    (image / "app/clean/page.html").write_text("2")
    (image / "requirements.lock").write_text("pandas==3")
    (image / STATUS).parent.mkdir(parents=True)
    (image / STATUS).write_text(PACKAGES)
    return image


def parts_of(image: Path) -> dict[str, str]:
    parts = build_parts(image / "requirements.lock", [image / "app"], root=image)
    assert parts is not None
    return parts


def test_a_copy_in_another_folder_at_another_time_has_the_same_build(
    image: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(image, copy, copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))

    assert build_digest(parts_of(copy)) == build_digest(parts_of(image))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: (image / "app/clean/__pycache__/work.cpython-313.pyc").write_text("bytes"),
        lambda image: (image / "app/.cache").mkdir(),
        lambda image: (image / "app/clean/.work.py.swp").write_text("an editor's"),
        lambda image: (image / "app/build.json").write_text("{}"),
        lambda image: shutil.copy(image / "requirements.lock", image / "app"),
        lambda image: (image / STATUS).write_text("\n\n".join(PACKAGES.split("\n\n")[::-1])),
        lambda image: (image / STATUS).write_text(PACKAGES.replace("installed", "held")),
    ],
)
def test_what_does_not_change_the_behaviour_does_not_change_the_build(
    image: Path, change: Callable[[Path], object]
) -> None:
    before = build_digest(parts_of(image))
    change(image)

    assert build_digest(parts_of(image)) == before


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda image: (image / "app/clean/work.py").write_text("2"), "code"),
        (lambda image: (image / "app/clean/page.html").write_text("3"), "code"),
        (lambda image: (image / "app/clean/words.json").write_text("[]"), "code"),
        (lambda image: (image / "app/clean/Makefile").write_text(""), "code"),
        (lambda image: (image / "app/clean/work.py").rename(image / "app/clean/job.py"), "code"),
        (lambda image: (image / "requirements.lock").write_text("pandas==4"), "requirements.lock"),
        (lambda image: (image / STATUS).write_text(PACKAGES.replace("1.3", "1.4")), "base image"),
        (lambda image: (image / STATUS).write_text(PACKAGES[:60]), "base image"),
    ],
)
def test_a_change_of_code_lock_or_packages_changes_that_part(
    image: Path, change: Callable[[Path], object], part: str
) -> None:
    before = parts_of(image)
    change(image)
    after = parts_of(image)

    assert [name for name in before if before[name] != after[name]] == [part]
    assert build_digest(before) != build_digest(after)


@pytest.mark.parametrize(
    ("place", "text", "newer"),
    [
        ("var/lib/dpkg/status.d/zlib1g", PACKAGES[:50], PACKAGES[:50].replace("1.3", "1.4")),
        ("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n", "P:musl\nV:1.2.6-r0\n"),
    ],
)
def test_packages_of_distroless_and_alpine_images_count(
    image: Path, place: str, text: str, newer: str
) -> None:
    (image / STATUS).unlink()
    (image / place).parent.mkdir(parents=True)
    (image / place).write_text(text)
    before = parts_of(image)["base image"]
    (image / place).write_text(newer)

    assert parts_of(image)["base image"] != before


def test_a_base_without_a_package_list_has_no_build_and_says_so(image: Path) -> None:
    (image / STATUS).unlink()

    assert build_parts(image / "requirements.lock", [image / "app"], root=image) is None


def test_another_processor_is_another_build(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parts_of(image)
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    after = parts_of(image)

    assert [name for name in before if before[name] != after[name]] == ["processor"]


def test_a_folder_that_is_not_there_is_no_empty_code(image: Path) -> None:
    with pytest.raises(NotADirectoryError, match="expected a stage's code"):
        build_parts(image / "requirements.lock", [image / "ap"], root=image)


def test_the_last_step_of_an_image_writes_what_the_stage_reads(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "stage_contract", "requirements.lock", "build.json", "app"]
    for _ in range(2):
        subprocess.run(command, cwd=image, env=os.environ | {"PYTHONPATH": str(SRC)}, check=True)
    monkeypatch.setenv("STAGE_BUILD", str(image / "build.json"))

    parts = build_parts(image / "requirements.lock", [image / "app"])
    assert read_build() == parts
    assert list(parts) == ["code", "requirements.lock", "python", "processor", "base image"]


def test_the_last_step_warns_where_the_base_lists_no_packages(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("")
    code = (
        "import runpy, stage_contract.stages.build as build; build.PACKAGE_LISTS = ();"
        "runpy.run_module('stage_contract', run_name='__main__')"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code, "lock", "build.json", "."],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "warning: build.json was not written" in ended.stderr
    assert not (tmp_path / "build.json").exists()


def test_an_image_without_that_step_has_no_build(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE_BUILD", str(image / "build.json"))

    assert read_build() is None
