"""The pages of the contract: the minimum on one screen, and what an author of ingest reads."""

import re
from pathlib import Path

import pytest

CONTRACT = Path(__file__).parents[1]
README = (CONTRACT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path.name for path in (CONTRACT / "reference").glob("*.md"))
SCREEN_LINES = 50
WORDS_OF_INGEST = 1_500


def pages_for(stage: str) -> set[str]:
    """Return the pages that the table names for a stage: for all, for it, for all but others."""
    found: set[str] = set()
    for line in README.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or "](reference/" not in cells[0]:
            continue
        whom, _, but = cells[2].partition(" but ")
        if stage in whom.split(", ") or (whom == "all" and but != stage):
            found |= set(re.findall(r"reference/([\w-]+\.md)", cells[0]))
    return found


def test_the_minimum_is_one_screen() -> None:
    assert len(README.splitlines()) <= SCREEN_LINES


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_in_the_table(page: str) -> None:
    assert f"](reference/{page})" in README


def test_an_author_of_ingest_reads_1500_words_besides_the_minimum() -> None:
    pages = pages_for("ingest")
    texts = [(CONTRACT / "reference" / page).read_text(encoding="utf-8") for page in pages]

    assert {"volumes.md", "publishing.md", "raw-data.md", "rejects.md"} <= pages
    assert "reading.md" not in pages
    assert sum(len(text.split()) for text in texts) <= WORDS_OF_INGEST


def test_every_schema_is_linked_from_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in CONTRACT.glob("reference/*.md"))
    schemas = {path.name for path in (CONTRACT / "schemas").glob("*.json")}

    assert {name for name in schemas if f"../schemas/{name}" not in pages} == set()
