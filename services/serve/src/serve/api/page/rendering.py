"""Rendering: view models to HTML; Jinja2 is imported when the first page is requested."""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from stage_contract import LOGGER, escaped

from serve.api.page import number_formats
from serve.api.page.model_quality import title_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from serve.api.page.overview import Overview

MAX_CHARACTERS = 1000
"""Maximum length of a text on the page, such as a column's name or a gate's reason."""

MAX_SECTION_BYTES = 768 * 1024
"""Maximum size of a section, so that the whole page stays below 4 MB."""

_SECTIONS = ("headline", "notices", "pipeline", "model", "history")
_logged: set[tuple[str, type[Exception]]] = set()
"""The faults of sections that are in the log."""
_NO_BREAK = "\u00a0"
"""The no-break space between numbers and their units."""
_SPACE = re.compile(r"[\t\n\r\u2028\u2029]")


def render(template: str, **context: object) -> str:
    """Return a template as HTML; texts of tables are always escaped."""
    return _environment().get_template(template).render(**context)


def render_sections(overview: "Overview") -> Mapping[str, str]:
    """Return the sections of the overview; one that fails or is too large is a notice."""
    return {section: _section(section, overview) for section in _SECTIONS}


def _section(section: str, overview: "Overview") -> str:
    try:
        found = render(f"{section}.html", o=overview)
    except Exception as error:  # noqa: BLE001  # A fault of one section must not hide the others.
        if (section, type(error)) not in _logged:
            _logged.add((section, type(error)))
            LOGGER.exception("the page's section %s can't be shown", section)
        found = render(
            "fault.html", section=section, why="A bug of this service; its log says more."
        )
    if len(found.encode()) > MAX_SECTION_BYTES:
        found = render("fault.html", section=section, why="It is too large.")
    return found


def finalize(value: object) -> object:
    """Return a template value without control and direction characters, cut if it is very long.

    The output of a macro is already safe.
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    text = value if len(value) <= MAX_CHARACTERS else f"{value[: MAX_CHARACTERS - 1]}…"
    spaced = _SPACE.sub(" ", text)
    return _NO_BREAK.join(map(escaped, spaced.split(_NO_BREAK)))


@cache
def _environment() -> "Environment":
    # It takes memory that a worker needs only if somebody looks at the page.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # as above

    environment = Environment(
        loader=PackageLoader("serve.api.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": number_formats.count,
        "duration": number_formats.duration,
        "minute": number_formats.minute,
        "number": number_formats.number,
        "score": number_formats.score,
        "share": number_formats.share,
        "title_of": title_of,
        "value": number_formats.value_of,
    }
    return environment
