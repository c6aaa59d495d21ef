"""Rendering: view models to HTML; Jinja2 is imported when the first page is requested."""

import re
from functools import cache
from typing import TYPE_CHECKING

from stage_contract import escaped

from serve.api.page import number_formats
from serve.api.page.model_quality import title_of

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_CHARACTERS = 1000
"""Maximum length of a text on the page, such as a column's name or a gate's reason."""

_NO_BREAK = "\u00a0"
"""The no-break space between numbers and their units."""
_SPACE = re.compile(r"[\t\n\r\u2028\u2029]")


def render(template: str, **context: object) -> str:
    """Return a template as HTML; texts of tables are always escaped."""
    return _environment().get_template(template).render(**context)


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
