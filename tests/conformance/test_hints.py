"""Every page and heading of the contract that a hint of the kit names exists."""

import ast
import re
from collections.abc import Iterator

import pytest
from support.running import ROOT

_PAGE = re.compile(r"contract/[\w./-]+\.\w+")
_HEADINGS = re.compile(r"((?:'[^']+'(?: and )?)+) in (contract/[\w./-]+\.md)")


def texts(source: str) -> Iterator[str]:
    """Yield every string of a module; an expression in an f-string is `…`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in parts)


HINTS = sorted(
    {
        text
        for path in (ROOT / "contract/conformance").rglob("*.py")
        for text in texts(path.read_text(encoding="utf-8"))
        if "contract/" in text or "page" in text
    }
)


def named_headings() -> Iterator[tuple[str, str]]:
    for hint in HINTS:
        for names, page in _HEADINGS.findall(hint):
            for name in re.findall("'([^']+)'", names):
                yield page, name


@pytest.mark.parametrize("page", sorted({page for hint in HINTS for page in _PAGE.findall(hint)}))
def test_a_page_that_a_hint_names_exists(page: str) -> None:
    assert (ROOT / page).is_file()


@pytest.mark.parametrize(("page", "heading"), sorted(set(named_headings())))
def test_a_heading_that_a_hint_names_is_on_its_page(page: str, heading: str) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()

    assert heading in [line.lstrip("# ") for line in lines if line.startswith("#")]


def test_a_hint_names_the_page_that_it_means() -> None:
    assert [hint for hint in HINTS if "contract's page" in hint] == []
