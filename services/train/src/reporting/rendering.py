"""Rendering: content to HTML page and model card."""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from stage_contract import escaped

from reporting.content import Content
from reporting.plots.number_formats import count, number, score, share, shortened
from reporting.sections.metrics_table import title_of

_FILTERS = {
    "count": count,
    "number": number,
    "score": score,
    "share": share,
    "shortened": shortened,
    "title_of": title_of,
}
_MARKS = re.compile(r"([\\`*_{}\[\]()#|~$@:!])")
_BACKTICKS = re.compile("`+")
NO_BREAK = "\u00a0"
"""The no-break space in the percentages of this package, which `finalize` keeps."""
_SPACE = re.compile(r"[\t\n\r\u2028\u2029]")
_LIST = re.compile(r"^(\d*)([-+.)])")


def render_page(content: Content) -> str:
    """Return report.html; texts of the table are always escaped."""
    return _render("report.html", content)


def render_card(content: Content) -> str:
    """Return model-card.md, a page of GitHub's Markdown."""
    return _render("model-card.md.jinja", content)


def escape_markdown(value: object) -> str:
    """Return a text that Markdown shows unchanged, in one line."""
    text = " ".join(str(value).split())
    text = _LIST.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text))
    text = text.replace("www.", "www\\.")  # GitHub would make it a link.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quote_markdown(value: object) -> str:
    """Return a text as inline code in Markdown, in one line, even if it contains backticks."""
    text = " ".join(str(value).split())
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def finalize(value: object) -> object:
    """Return a template value without control and direction characters.

    White space, including line breaks, becomes a space. The output of a macro is already safe.
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    spaced = _SPACE.sub(" ", value)
    return NO_BREAK.join(map(escaped, spaced.split(NO_BREAK)))


def _render(name: str, content: Content) -> str:
    return _environment().get_template(name).render(c=content)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reporting"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= _FILTERS | {"md": escape_markdown, "code": quote_markdown}
    return environment
