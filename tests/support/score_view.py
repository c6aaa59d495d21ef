"""The view that scores a file, in a browser, and tables to score."""

import base64
import csv
import io
import random
from collections.abc import Callable, Sequence

import httpx
from playwright.sync_api import FilePayload, Page, Route

from support.browsing import Visited
from support.made_server import MadeServer

HEADER = "carat,cut,depth,id\n"
COMMA = {"encoding": "utf-8", "dialect": {"delimiter": ","}}
"""The form of a source, as the lineage of a model has it."""
CONTROL = "#score-file"

# The browser runs in a container, so the test reads what a link would save.
KEEP_FILES = """() => {
    const create = URL.createObjectURL;
    window.files = new Map();
    URL.createObjectURL = (file) => {
        const url = create(file);
        window.files.set(url, file);
        return url;
    };
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries()))
        .observe({type: "longtask"});
    document.querySelector("#score-file").addEventListener("change", () => {
        window.chosen = performance.now();
    });
}"""
CONTENT = """async ([link]) => {
    const bytes = new Uint8Array(await window.files.get(link.href).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
LONGEST_TASK = """() => {
    const tasks = window.tasks.filter((task) => task.startTime >= window.chosen);
    return Math.max(0, ...tasks.map((task) => task.duration));
}"""
FINISHED = """() => !document.querySelector("#score-file").disabled
    && document.querySelector("#score .notice") !== null"""


class Scorer:
    """The view in a browser."""

    def __init__(self, visited: Visited) -> None:
        self.visited = visited
        self.page: Page = visited.page
        self.page.locator(CONTROL).wait_for(state="attached")
        self.page.evaluate(KEEP_FILES)

    def score(self, name: str, content: str | bytes) -> str:
        """Choose a file, and return what the view says at the end."""
        self.choose(name, content)
        return self.outcome()

    def choose(self, name: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": body}
        self.page.set_input_files(CONTROL, file)

    def outcome(self) -> str:
        self.page.wait_for_function(FINISHED, timeout=120_000)
        return "\n".join(self.page.locator("#score .notice").locator("p").all_inner_texts())

    def saved(self, what: str) -> bytes:
        """Return what a link saves."""
        link = self.page.get_by_role("link", name=f"{what} rows").element_handle()
        return base64.b64decode(self.page.evaluate(CONTENT, [link]))

    def table(self, title: str) -> list[list[str]]:
        """Return the cells of a table."""
        rows = self.page.get_by_role("region", name=title).locator("tr").all()
        return [row.locator("th, td").all_inner_texts() for row in rows]

    @property
    def longest_task(self) -> float:
        """Maximum time that the page did not react since the file was chosen, in milliseconds."""
        return float(self.page.evaluate(LONGEST_TASK))

    @property
    def requests(self) -> int:
        """Number of requests for predictions."""
        return sum(url.endswith("/predict") for url in self.visited.requests)

    @property
    def complaints(self) -> list[str]:
        """What the browser complains of, without what is expected of the page.

        It reports a refused row as an error, and an overview that has not changed as aborted.
        """
        expected = ("the server responded with a status of 422", "/page/overview")
        return [
            text for text in self.visited.complaints if not any(each in text for each in expected)
        ]


type OpenScorer = Callable[..., tuple[MadeServer, Scorer]]


class Gate:
    """Holds requests for predictions after the first ones."""

    def __init__(self, scorer: Scorer, passing: int) -> None:
        self._passing = passing
        self.held: list[Route] = []
        scorer.page.route("**/predict", self._handle)

    def _handle(self, route: Route) -> None:
        if self._passing > 0:
            self._passing -= 1
            route.continue_()
        else:
            self.held.append(route)

    def open(self) -> None:
        self._passing = 10**9
        for route in self.held:
            route.continue_()


def stones(count: int, seed: int = 1) -> list[str]:
    """Return rows for HEADER."""
    draw = random.Random(seed)  # noqa: S311  # the same rows every time
    cuts = ("Ideal", "Good", "Fair")
    return [
        f"{draw.uniform(0.2, 5):.2f},{draw.choice(cuts)},{draw.uniform(50, 70):.1f},{number}"
        for number in range(count)
    ]


def table_of(rows: Sequence[str], header: str = HEADER) -> str:
    return header + "".join(f"{row}\n" for row in rows)


def answer_of(server: MadeServer, body: str | bytes, content_type: str = "text/csv") -> str:
    """Return the API's answer to a whole table."""
    headers = {"content-type": content_type}
    content = body.encode() if isinstance(body, str) else body
    answer = httpx.post(f"{server.url}/predict", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def cells_of(content: str, delimiter: str = ",") -> list[list[str]]:
    return [*csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)]
