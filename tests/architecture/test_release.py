"""A release has one version, in every project, program and lock, and a section in the changelog."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from stage_contract.artifacts.digests import CONTRACT_VERSION

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
PROGRAM = re.compile(r'^\s*"?(?:__version__|version)"?:?\s*=?\s*"(\d+\.\d+\.\d+)"', re.MULTILINE)
LABEL = re.compile(r'org\.opencontainers\.image\.(\w+)="([^"]+)"')
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


def dockerfiles() -> list[Path]:
    return sorted(
        path
        for pattern in ("services/*", "swaps/*", "extras/*", "contract/*")
        for path in ROOT.glob(f"{pattern}/Dockerfile")
    )


@pytest.mark.parametrize("path", dockerfiles(), ids=lambda path: path.parent.name)
def test_an_image_says_what_it_is_in_the_labels_of_oci(path: Path) -> None:
    final = path.read_text(encoding="utf-8").split("AS serve-batch")[0]
    labels = dict(LABEL.findall(final))

    assert labels["title"] == f"stagecoach/{path.parent.name}"
    assert len(labels["description"]) > 10
    assert labels["licenses"] == "MIT"
    assert labels["version"] == VERSION


@pytest.mark.parametrize(
    "path",
    [path for path in dockerfiles() if path.parent.parent.name in {"services", "swaps"}],
    ids=lambda path: path.parent.name,
)
def test_the_image_of_a_stage_says_which_stage_and_contract_it_keeps(path: Path) -> None:
    dockerfile = path.read_text(encoding="utf-8")
    labels = dict(re.findall(r'stagecoach\.(\w+)="([^"]+)"', dockerfile))

    assert labels["stage"] == path.parent.name.partition("-")[0]
    # What is not in Python has a version of its own; the kit compares it with the manifests.
    if "stage_contract" in dockerfile:
        assert labels["contract"] == CONTRACT_VERSION
    assert "/settings.schema.json" in dockerfile


def test_images_of_serve_bring_their_health_check_and_compose_asks_for_none() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))

    assert "healthcheck" not in compose["services"]["serve"]
    for folder in ("services/serve", "swaps/serve-mlserver"):
        dockerfile = (ROOT / folder / "Dockerfile").read_text(encoding="utf-8")
        check = re.findall(r"^HEALTHCHECK (.+?) \\\n +CMD (.+)$", dockerfile, re.MULTILINE)
        assert [json.loads(command)[0] for _, command in check] == ["python"]
