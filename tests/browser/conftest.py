"""A browser in a container of the tests' own."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from docker import DockerClient
from docker.models.containers import Container
from playwright.sync_api import Browser, ViewportSize, sync_playwright
from support.browsing import DESKTOP, Scheme, Visit, Visited, visiting
from support.made_server import MadeServer, serving_made
from support.running import BASE_IMAGE, TAG, free_port
from support.score_view import COMMA, OpenScorer, Scorer

STARTED = "DevTools listening on "
RELAY_PORT = 9223
"""Where the image passes orders on to the browser."""


@pytest.fixture(scope="session")
def browser_image(engine: DockerClient) -> Iterator[str]:
    name = f"stagecoach/test-browser:{TAG}"
    build = ["docker", "build", "--quiet", "--build-arg", f"PYTHON_IMAGE={BASE_IMAGE}"]
    built = subprocess.run(
        [*build, "--tag", name, Path(__file__).parent], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    yield name
    # The other worker has a container of the same image, by another name.
    engine.images.remove(name, force=True, noprune=True)


@pytest.fixture(scope="session")
def socks_proxy(engine: DockerClient, browser_image: str) -> Iterator[str]:
    """Start a proxy from the bridge network to the host's own addresses; yield its URL."""
    gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    port = free_port()
    container = engine.containers.run(
        browser_image,
        ["-i", gateway, "-p", str(port)],
        entrypoint="microsocks",
        network_mode="host",
        cap_drop=["ALL"],
        detach=True,
    )
    try:
        yield f"socks5://{gateway}:{port}"
    finally:
        container.remove(force=True)


@pytest.fixture(scope="session")
def browser(engine: DockerClient, browser_image: str, socks_proxy: str) -> Iterator[Browser]:
    """Start the browser, which reaches the host's own addresses through a proxy.

    In the host's network it would see each container that starts beside it, and break off its
    requests (ERR_NETWORK_CHANGED).
    """
    container = engine.containers.run(
        browser_image,
        [f"--proxy-server={socks_proxy}", "--proxy-bypass-list=<-loopback>"],
        cap_drop=["ALL"],
        detach=True,
    )
    try:
        with sync_playwright() as playwright:
            yield playwright.chromium.connect_over_cdp(_address(container))
    finally:
        container.remove(force=True)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with ExitStack() as stack:

        def visit(
            url: str,
            viewport: ViewportSize = DESKTOP,
            scheme: Scheme = "light",
            **how: bool,
        ) -> Visited:
            return stack.enter_context(visiting(browser, url, viewport, scheme, **how))

        yield visit


@pytest.fixture(scope="module")
def made_diamonds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeServer]:
    folder = tmp_path_factory.mktemp("diamonds")
    with serving_made(folder, "diamonds", sources=[COMMA]) as server:
        yield server


@pytest.fixture
def scorer(made_diamonds: MadeServer, visit: Visit) -> Scorer:
    """Open the view of a model of diamonds."""
    return Scorer(visit(f"{made_diamonds.url}/#score"))


@pytest.fixture
def open_scorer(visit: Visit, tmp_path: Path) -> Iterator[OpenScorer]:
    """Start a server of another model, and open its view."""
    with ExitStack() as stack:

        def open_scorer(model: str = "diamonds", **changes: Any) -> tuple[MadeServer, Scorer]:
            server = stack.enter_context(serving_made(tmp_path, model, **changes))
            return server, Scorer(visit(f"{server.url}/#score"))

        yield open_scorer


def _address(container: Container) -> str:
    """Return where the browser listens on the bridge network, as soon as it says so."""
    command = ["docker", "logs", "--follow", container.id]
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as log:
        for line in log.stdout or ():
            said.append(line)
            if line.startswith(STARTED):
                log.terminate()
                container.reload()
                own = container.attrs["NetworkSettings"]["IPAddress"]
                listening = urlsplit(line.removeprefix(STARTED).strip())
                return listening._replace(netloc=f"{own}:{RELAY_PORT}").geturl()
    raise AssertionError(f"the browser did not start: {''.join(said)}")
