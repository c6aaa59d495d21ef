"""Opening pages in a real browser, and noting whatever goes wrong in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}

type Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[ViewportSize, Scheme], ...] = ((DESKTOP, "light"), (PHONE, "dark"))
"""Each width and each scheme. A width changes no colour, and a scheme nothing else."""

type Visit = Callable[..., "Visited"]
"""Opens an address in a context of its own, as `visiting` does."""


@dataclass
class Visited:
    """A page that was opened, and what it did meanwhile."""

    page: Page
    status: int = 0
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the console says, exceptions, requests that failed."""


@contextmanager
def visiting(  # noqa: PLR0913  # two of them are rarely given
    browser: Browser,
    url: str,
    viewport: ViewportSize,
    scheme: Scheme,
    *,
    may_run: bool = False,
    has_scripts: bool = True,
) -> Iterator[Visited]:
    """Open an address; the page is closed at the end.

    `may_run`: without the Content-Security-Policy, so that a test can run scripts that wait.
    `has_scripts`: whether the browser runs JavaScript.
    """
    context = browser.new_context(
        viewport=viewport,
        color_scheme=scheme,
        bypass_csp=may_run,
        java_script_enabled=has_scripts,
    )
    page = context.new_page()
    visited = Visited(page)
    page.on("request", lambda request: visited.requests.append(request.url))
    page.on("requestfailed", lambda request: visited.complaints.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: visited.complaints.append(f"exception: {error}"))
    page.on("console", lambda said: visited.complaints.append(f"{said.type}: {said.text}"))
    answer = page.goto(url, wait_until="load")
    visited.status = answer.status if answer else 0
    yield visited
    context.close()
