"""Docs are plain and short: no banned phrase, no long line, paragraph, sentence or table cell."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = ("contract/examples/",)
"""Folders with Markdown that a program writes."""
DATA = ("data/README.md",)
"""Pages with the words of others: licences, and quotations from them."""
LINE, PARAGRAPH, SENTENCE, CELL = 200, 5, 30, 2
"""Characters of a line, lines of a paragraph, words of a sentence, sentences of a cell."""
BANNED_IN_DOCS = (
    *(r"mends?", r"mended", r"told", r"anew", r"serves? on", r"go(?:es|ne)? on", r"for ever"),
    *(r"look(?:s|ed)? at", r"stands? (?:in|there)", r"what stands", r"by then", r"all the same"),
    *(r"what matters", r"how it depends", r"dummy", r"next to nothing", r"has no place"),
    *(r"called as data", r"before one could tell", r"come whole", r"at the same work"),
    *(r"left to vary", r"taken for it", r"for want of", r"the one to tell", r"of the time at most"),
    *(r"lookout", r"tall(?:y|ies)", r"made-up", r"made up", r"taking turns", r"rivalry"),
)
BANNED_IN_SOURCE = (r"for want of", r"gives it away", r"of the time at most", r"tallies")


def files(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True, text=True
    )
    names = [name for name in listing.stdout.split("\0") if name and not name.startswith(MADE)]
    return [ROOT / name for name in names]


PAGES = files("*.md")


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page outside its code blocks."""
    in_code = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
            yield number, ""
        elif not in_code:
            yield number, line


def plain(line: str) -> str:
    """Return a line with each piece of code or link as one word."""
    return re.sub(r"`[^`]*`|\[([^\]]*)\]\([^)]*\)", "X", line)


def banned(text: str, phrases: tuple[str, ...]) -> list[str]:
    return re.findall(rf"\b(?:{'|'.join(phrases)})\b", text, re.IGNORECASE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_no_banned_phrase(page: Path) -> None:
    found = {number: banned(plain(line), BANNED_IN_DOCS) for number, line in prose(page)}

    assert {number: phrases for number, phrases in found.items() if phrases} == {}


def test_the_source_has_no_banned_phrase() -> None:
    found = {
        name_of(path): banned(path.read_text(encoding="utf-8"), BANNED_IN_SOURCE)
        for path in files("*.py", "*.sh", "*.html", "Makefile", "*.yaml", "*.toml")
        if path != Path(__file__)
    }

    assert {name: phrases for name, phrases in found.items() if phrases} == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_line_is_longer_than_a_screen(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    long = [number for number, line in enumerate(lines, start=1) if len(line) > LINE]

    assert [number for number in long if not lines[number - 1].startswith("|")] == []


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page) not in DATA], ids=name_of)
def test_paragraphs_sentences_and_cells_are_short(page: Path) -> None:
    height, faults = 0, []
    for number, line in prose(page):
        if re.match(r"\s*(?:\||#|$)", line):
            height = 0
        else:
            height = 1 if re.match(r"\s*(?:[*-]|\d+\.) ", line) else height + 1
        sentences = [] if line.startswith(("|", "#")) else re.split(r"(?<=[.!?:;]) ", plain(line))
        cells = line.split("|") if line.startswith("|") else []
        if height > PARAGRAPH:
            faults.append(f"{number}: a paragraph of {height} lines")
        if any(len(sentence.split()) > SENTENCE for sentence in sentences):
            faults.append(f"{number}: a long sentence")
        if any(len(re.findall(r"[.!?](?= |$)", cell)) > CELL for cell in cells):
            faults.append(f"{number}: a cell of more than {CELL} sentences")

    assert faults == []


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page) not in DATA], ids=name_of)
def test_a_page_has_a_heading_on_every_screen(page: Path) -> None:
    screen = 60
    headings = [number for number, line in prose(page) if line.startswith("#")]
    end = len(page.read_text(encoding="utf-8").splitlines())
    gaps = [after - before for before, after in zip([1, *headings], [*headings, end], strict=True)]

    assert max(gaps) <= screen
