"""README says what is true: its service table, its commands, its links."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MADE = (
    "contract/examples/",
    "swaps/template/clean/",
    "swaps/template/ingest/",
    "swaps/template/serve/",
    "swaps/template/train/",
)
"""Folders with Markdown that a program writes or completes."""
MAKE = re.compile(r"(?:`|^|; |=\S+ )make ([a-z-]+)", re.MULTILINE)


def pages() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    names = [name for name in listing.stdout.split("\0") if name and not name.startswith(MADE)]
    return [ROOT / name for name in names]


PAGES = pages()


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


compose: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def service_rows() -> list[tuple[str, ...]]:
    return re.findall(r"^\| \[(\w+)\]\((\S+)\) \| (\S+) \| (\S+) \|", README, re.MULTILINE)


def test_the_first_command_stands_before_line_20() -> None:
    lines = README.splitlines()

    assert "make up" in lines[:20]
    assert len(lines) <= 120


def test_the_service_table_is_the_compose_file() -> None:
    mounts = {
        name: {mount.split(":/data/")[0].strip("`") for mount in service["volumes"]}
        for name, service in compose["services"].items()
        if "profiles" not in service
    }
    rows = service_rows()

    assert [name for name, *_ in rows] == list(mounts)
    for name, folder, reads, writes in rows:
        assert (ROOT / folder).is_dir()
        assert folder == f"services/{name}"
        source = "${DATA:-./data}" if reads == "`data/`" else reads.strip("`")
        assert source in mounts[name]
        assert writes == "–" or writes.strip("`") in mounts[name]


def test_every_make_command_in_the_docs_exists_and_every_one_is_in_the_readme() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)) - {"help"}
    said = {name for page in PAGES for name in MAKE.findall(page.read_text(encoding="utf-8"))}

    assert said <= targets
    assert targets <= set(re.findall(r"`make ([a-z-]+)", README))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("http:", "https:"))]

    broken = []
    for link in local:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []
