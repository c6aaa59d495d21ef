"""A release has one version, in every project, program and lock, and a section in the changelog."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
PROGRAM = re.compile(r'^\s*"?(?:__version__|version)"?:?\s*=?\s*"(\d+\.\d+\.\d+)"', re.MULTILINE)
PATTERNS = ("*pyproject.toml", "*/__init__.py", "swaps/*/package.json", "swaps/*/main.go")


def test_every_project_and_program_has_the_version_of_the_release() -> None:
    listing = subprocess.run(
        ["git", "ls-files", *PATTERNS], cwd=ROOT, capture_output=True, check=True, text=True
    )
    said = {
        name: version
        for name in listing.stdout.splitlines()
        for version in PROGRAM.findall((ROOT / name).read_text(encoding="utf-8"))
    }

    assert len(said) > 20
    assert {name: version for name, version in said.items() if version != VERSION} == {}


def test_the_changelog_has_a_dated_section_for_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.search(rf"^## {re.escape(VERSION)} - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)
