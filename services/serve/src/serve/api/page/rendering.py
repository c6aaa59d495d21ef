"""Rendering: view models to HTML; Jinja2 is imported when the first page is requested."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from stage_contract import escaped

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **context: object) -> str:
    """Return a template as HTML; texts of tables are always escaped."""
    return _environment().get_template(template).render(**context)


def finalize(value: object) -> object:
    """Return a template value without control and direction characters.

    The output of a macro is already safe.
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return escaped(" ".join(value.split()))


def count(value: float) -> str:
    """Return a whole number with separators of thousands."""
    return f"{value:,}"


def minutes(value: datetime) -> str:
    """Return a time in UTC; scripts replace it by the reader's own."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


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
    environment.filters |= {"count": count, "minutes": minutes}
    return environment
