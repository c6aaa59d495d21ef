"""The page of serve, measured in Chromium: how soon it can be used, its bytes, the server's CPU.

    scripts/envs.sh serve tests
    PYTHONPATH=contract/src:tests .envs/tests/bin/python -m bench.page

It starts `python -m serve` on its locked environment and a Chromium without a window.
"""

import argparse
import gzip
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright
from support.running import ROOT, free_port

from bench.serve.processes import ProcessTree

VIEWS = ("overview", "try", "score", "live")
MAX_START_SECONDS = 60
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
USABLE = """() => {
    const [load] = performance.getEntriesByType("navigation");
    return load.loadEventEnd;
}"""
"""Milliseconds until styles are applied and scripts have run; the document has the overview."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    processes: ProcessTree

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its processes so far."""
        return sum(self.processes.cpu_seconds().values())


def main() -> None:
    """Measure and print."""
    options = _parser().parse_args()
    if options.browser is None:
        sys.exit("no Chromium on PATH: install it, or name its executable with --browser")
    with (
        tempfile.TemporaryDirectory() as folder,
        _serving(options.volume, Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=[*ARGUMENTS], chromium_sandbox=False
        )
        _measure_loads(browser, server, loads=options.loads)
        print(f"\n{'view':<12}{'requests':>10}{'kB':>8}{'kB gzip':>10}{'CPU of the server':>20}")
        share = _cpu_share(server, seconds=options.seconds)
        print(f"{'no page':<12}{'':>28}{share:>20.2%}")
        for view in VIEWS:
            _measure_view(browser, server, view, seconds=options.seconds)
        browser.close()


def _measure_loads(browser: Browser, server: Server, *, loads: int) -> None:
    """Print how long loads take: the first one of all, others with an empty cache, with a full."""
    cold, warm = [], []
    for _ in range(loads + 1):
        context = browser.new_context()
        page = context.new_page()
        cold.append(_load(page, server))
        warm.append(_load(page, server))
        context.close()
    first, *others = cold
    print(f"{'load until usable':<22}{'median':>8}{'most':>8}   ms")
    for name, found in (
        ("first after start", [first]),
        ("later, empty cache", others),
        ("again, full cache", warm),
    ):
        print(f"{name:<22}{statistics.median(found):>8.0f}{max(found):>8.0f}")


def _load(page: Page, server: Server) -> float:
    page.goto("about:blank")
    page.goto(server.url, wait_until="load")
    page.locator("main.started #model").wait_for()
    milliseconds: float = page.evaluate(USABLE)
    return milliseconds


def _measure_view(browser: Browser, server: Server, view: str, *, seconds: float) -> None:
    """Print what a view loads and, while it is open, the share of a core that the server uses."""
    with _idle_page(browser) as (context, answers):
        page = context.new_page()
        page.goto(f"{server.url}/#{view}", wait_until="load")
        page.wait_for_timeout(2000)  # It has asked for everything that it shows.
        loaded = {answer.url: answer.body() for answer in answers if answer.ok}
        requests = len(answers)
        share = _cpu_share(server, seconds=seconds)
    size = sum(map(len, loaded.values())) / 1000
    compressed = sum(len(gzip.compress(body)) for body in loaded.values()) / 1000
    print(f"{view:<12}{requests:>10}{size:>8.1f}{compressed:>10.1f}{share:>20.2%}")


def _cpu_share(server: Server, *, seconds: float) -> float:
    """Return the share of a core that the server uses for some seconds."""
    used, began = server.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (server.cpu_seconds() - used) / (time.monotonic() - began)


@contextmanager
def _idle_page(browser: Browser) -> Iterator[tuple[BrowserContext, list[Response]]]:
    """Yield a context with an empty cache, and the answers to its pages."""
    context = browser.new_context()
    answers: list[Response] = []
    context.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  # Playwright marks it
    yield context, answers
    context.close()


@contextmanager
def _serving(volume: Path, folder: Path) -> Iterator[Server]:
    port = free_port()
    paths = (ROOT / "services/serve/src", ROOT / "contract/src")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "STAGE_CONFIG": str(ROOT / "pipelines"),
        "PIPELINE": "diamonds",
        "STAGE_IN": str(volume.resolve()),
        "STAGE_HOST": "127.0.0.1",
        "STAGE_PORT": str(port),
    }
    command = [str(ROOT / ".envs/serve/bin/python"), "-m", "serve"]
    processes = ProcessTree(command, environment=environment, folder=folder, log=folder / "log")
    server = Server(f"http://127.0.0.1:{port}", processes)
    try:
        _wait_until_ready(server, log=folder / "log")
        yield server
    finally:
        processes.stop()


def _wait_until_ready(server: Server, *, log: Path) -> None:
    deadline = time.monotonic() + MAX_START_SECONDS
    while not _is_ready(server):
        if server.processes.has_ended or time.monotonic() > deadline:
            sys.exit(f"the server is not ready: {log.read_text(encoding='utf-8')}")
        time.sleep(0.05)


def _is_ready(server: Server) -> bool:
    try:
        return httpx.get(f"{server.url}/ready").is_success
    except httpx.HTTPError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--volume",
        type=Path,
        default=ROOT / "contract/examples/model",
        help="folder of a model volume (default contract/examples/model)",
    )
    parser.add_argument(
        "--browser",
        metavar="PATH",
        default=which("chromium") or which("chromium-headless-shell"),
        help="the executable of Chromium (default: the one on PATH)",
    )
    parser.add_argument("--loads", type=int, default=10, help="loads to measure (default 10)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=30,
        help="seconds without a page and with each view (default 30)",
    )
    return parser


if __name__ == "__main__":
    main()
