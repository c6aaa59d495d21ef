"""The live view in a real browser: it shows what the server answers, while it is seen."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from support.browsing import LOOKS, PHONE, Visit, Visited
from support.made_server import MadeServer, serving_made
from support.waiting import until

ROW = {"carat": 1, "cut": "Good", "color": "Fair"}
NEXT = "d" * 16
KEY = "k" * 32
REFERENCE = json.dumps(
    {"predictions": {"rows": 9, "quantiles": [0, 500, 900, 1000, 1100, 2000, 3000]}}
)
HIDE = """(isHidden) => {
    Object.defineProperty(document, "hidden", {get: () => isHidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
POLL_MILLISECONDS = 2000

type Start = Callable[..., MadeServer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server of a model of diamonds, without any traffic."""
    with ExitStack() as stack:

        def start(model: str = "diamonds", **changes: Any) -> MadeServer:
            changes = {"reference": REFERENCE, **changes}
            return stack.enter_context(serving_made(tmp_path, model, **changes))

        yield start


def predict(server: MadeServer, *rows: Any, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}/predict", json={"rows": rows}, headers=headers)


def view_of(visited: Visited) -> Locator:
    return visited.page.locator("#live")


def cells(table: Locator) -> list[list[str]]:
    """Return the texts of a table, row by row; a slash separates the lines of a cell."""
    rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()]
    return [[" / ".join(cell.split("\n")) for cell in row] for row in rows]


def figure(page: Page, title: str) -> Locator:
    heading = page.get_by_role("heading", name=title, exact=True)
    return page.locator("#live figure").filter(has=heading)


def test_the_command_of_the_empty_view_brings_the_first_figures_without_a_reload(
    start: Start, visit: Visit
) -> None:
    server = start()
    visited = visit(f"{server.url}/#live")
    view = view_of(visited)
    expect(view.get_by_text("No request yet")).to_be_visible()
    command = view.locator("pre code")
    expect(command).to_contain_text("curl")
    ran = subprocess.run(
        ["sh", "-c", command.inner_text()], capture_output=True, text=True, check=True
    )
    expect(view.get_by_text("No request yet")).to_be_hidden()
    expect(view.locator(".tiles li").filter(has_text="requests, last hour")).to_contain_text("1")

    assert json.loads(ran.stdout)["predictions"]
    assert visited.complaints == []
    assert all(url.startswith(server.url) for url in visited.requests)


def test_the_figures_are_those_of_the_requests(start: Start, visit: Visit) -> None:
    server = start()
    for _ in range(3):
        predict(server, ROW | {"depth": 60, "carat": 0.95}, ROW | {"carat": 99})
    for _ in range(2):
        predict(server, {"carat": "big"})
    httpx.get(f"{server.url}/ready")
    visited = visit(f"{server.url}/#live")
    page, view = visited.page, view_of(visited)
    for title in ("Requests per second", "Latency", "Failed and refused requests"):
        figure(page, title).get_by_text("As a table").click()

    expect(view.locator(".tiles li").filter(has_text="requests, last hour")).to_contain_text("5")
    expect(view.locator(".tiles li").filter(has_text="failed or refused")).to_contain_text("2")
    requests = cells(figure(page, "Requests per second").locator("table"))
    assert requests[0] == ["minute", "per second", "2xx", "4xx", "5xx"]
    assert [sum(int(row[place]) for row in requests[1:]) for place in (2, 3, 4)] == [3, 2, 0]
    errors = cells(figure(page, "Failed and refused requests").locator("table"))
    assert errors[0] == ["minute", "422: invalid rows"]
    assert sum(int(row[1]) for row in errors[1:]) == 2
    latency = cells(figure(page, "Latency").locator("table"))
    assert all(row[1].endswith(" ms") for row in latency[1:])
    predictions, columns = (cells(table) for table in view.locator(".compared").all())
    shares = {row[0]: row[2] for row in predictions[1:]}
    assert len(shares) == 8
    assert shares["900 – 1000"] == "0 % / training 25 %"
    assert shares["1000 – 1100"] == "50 % / training 25 %"
    assert shares["above 3000"] == "50 % / training 0 %"
    assert {row[0]: row[2:4] for row in columns[1:]} == {
        "carat": ["0 % / training 0 %", "50 % / out of range"],
        "depth": ["50 % / training 3 %", "0 % / out of range"],
        "color": ["0 % / training 3 %", "–"],
    }
    expect(view).to_contain_text("Only 6 rows: differences may be chance.")
    expect(view).to_contain_text("1 column is as in training.")
    assert visited.complaints == []


def test_requests_of_the_page_are_no_traffic(start: Start, visit: Visit) -> None:
    server = start()
    visited = visit(f"{server.url}/#try")
    with visited.page.expect_response("**/predict") as predicted:
        visited.page.locator("#try input").first.wait_for()
    visited.page.get_by_role("link", name="Live").click()
    expect(view_of(visited).get_by_text("No request yet")).to_be_visible()
    counted = 'stagecoach_page_requests_total{route="/predict",status="200"}'
    # The worker that answers this one may learn of the other's count a moment later.
    until(lambda: counted in httpx.get(f"{server.url}/metrics").text)
    metrics = httpx.get(f"{server.url}/metrics").text

    assert predicted.value.ok
    assert 'stagecoach_requests_total{route="/predict"' not in metrics
    assert "\nstagecoach_rows_total 0\n" in metrics


def test_the_view_asks_every_two_seconds_while_it_is_seen_and_not_otherwise(
    start: Start, visit: Visit
) -> None:
    server = start()
    visited = visit("about:blank")
    page = visited.page
    page.clock.install()
    page.goto(f"{server.url}/#live")
    expect(view_of(visited).get_by_text("No request yet")).to_be_visible()

    def polls(*, steps: int, enough: int) -> int:
        """Let time pass until there were enough polls, and return their number."""
        before = visited.requests.count(f"{server.url}/page/live")
        for _ in range(steps):
            page.clock.run_for(POLL_MILLISECONDS)
            found = visited.requests.count(f"{server.url}/page/live") - before
            if found >= enough:
                break
        return found

    assert polls(steps=200, enough=3) == 3
    page.evaluate(HIDE, arg=True)
    polls(steps=1, enough=1)  # It may have been under way.
    assert polls(steps=30, enough=1) == 0
    with page.expect_response("**/page/live"):
        page.evaluate(HIDE, arg=False)
    page.get_by_role("link", name="Overview").click()
    assert polls(steps=30, enough=1) == 0
    with page.expect_response("**/page/live"):
        page.get_by_role("link", name="Live").click()
    assert [text for text in visited.complaints if "exception" in text] == []


def test_a_swap_is_marked_and_each_model_has_its_own_distribution(
    start: Start, visit: Visit
) -> None:
    server = start()
    predict(server, ROW, ROW, ROW)
    visited = visit(f"{server.url}/#live")
    view = view_of(visited)
    marks = view.locator("svg .swap text")
    expect(marks.first).to_have_text("aaaaaaaa")
    server.publish("diamonds", id=NEXT, reference=REFERENCE)
    expect(view.locator("svg .swap title").filter(has_text=NEXT)).to_have_count(4)
    expect(marks.first).to_have_text(NEXT[:8])
    predict(server, ROW | {"carat": 99})
    choice = view.get_by_label("Model", exact=True)

    expect(choice.locator("option")).to_have_text(
        ["dddddddd (live, 1 row)", "aaaaaaaa (earlier, 3 rows)"]
    )
    expect(choice).to_have_value(NEXT)
    expect(view.locator(".compared").first).to_contain_text("100 %")
    choice.select_option(value="a" * 16)
    expect(view).to_contain_text("Share of 3 rows in the last hour")
    assert visited.complaints == []


def test_while_the_server_does_not_answer_the_view_says_how_old_it_is(
    start: Start, visit: Visit
) -> None:
    server = start()
    predict(server, ROW)
    visited = visit(f"{server.url}/#live")
    page, view = visited.page, view_of(visited)
    expect(view.locator("figure").first).to_be_visible()
    page.route("**/page/live", lambda route: route.abort())
    notice = view.get_by_role("status").filter(has_text="Not up to date")
    expect(notice).to_contain_text("The server does not answer. The figures below are of ")
    expect(view.locator("figure").first).to_be_visible()
    page.unroute("**/page/live")
    expect(notice).to_be_hidden()


def test_without_a_model_the_view_says_so(start: Start, visit: Visit) -> None:
    server = start()
    answer = httpx.get(f"{server.url}/page/live").json()
    minute = {"age": 0, "answers": {"5xx": 1}, "others": 0, "causes": {"503": 1}, "rows": 0}
    without: dict[str, Any] = answer | {"model": None, "models": [], "swaps": [], "example": None}
    visited = visit("about:blank")
    page, view = visited.page, view_of(visited)
    page.route("**/page/live", lambda route: route.fulfill(json=without))
    page.goto(f"{server.url}/#live")
    expect(view).to_contain_text("No model is live, so predictions get status 503.")
    without["minutes"] = [minute | {"latencies": [0] * 15}]
    errors = figure(page, "Failed and refused requests")
    expect(errors.locator(".legend")).to_have_text("503: no model was live (1)")
    expect(view.locator(".tiles li").filter(has_text="live model")).to_contain_text("none")
    expect(view.get_by_text("No model is live.", exact=True)).to_be_visible()
    assert visited.complaints == []


def test_with_keys_the_figures_come_after_the_key(
    start: Start, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(KEY)
    server = start(settings=f'api_keys_file = "{tmp_path / "keys"}"')
    visited = visit(f"{server.url}/#live")
    visited.page.get_by_role("textbox", name="API key").fill(KEY)
    visited.page.get_by_role("button", name="Enter").click()
    view = view_of(visited)
    expect(view.locator("pre code")).to_contain_text("X-API-Key: $API_KEY")
    command = view.locator("pre code").inner_text()
    subprocess.run(["sh", "-c", f"API_KEY={KEY}; {command}"], capture_output=True, check=True)

    expect(view.locator("figure").first).to_be_visible()
    assert KEY not in command
    assert KEY not in visited.page.content()


ODD_NAMES = ["<b>bold</b>", "\"quotes\" 'and' & more", "שלום \u202eabc", "😀 emoji", "x" * 200]


def test_names_of_columns_are_shown_as_text(start: Start, visit: Visit) -> None:
    fields = [
        {
            "name": name,
            "type": "number",
            "input": {"group": "numbers", "index": place},
            "observed": {"rows": 100, "missing": 3, "minimum": 0, "maximum": 1},
        }
        for place, name in enumerate(ODD_NAMES)
    ]
    server = start(
        fields=fields,
        rows=[{ODD_NAMES[0]: 1}],
        numbers=[[1.0]] * len(ODD_NAMES),
        strings=[],
        target="<i>t</i>",
    )
    predict(server, {ODD_NAMES[0]: 7})
    visited = visit(f"{server.url}/#live", PHONE)
    view = view_of(visited)
    names = view.locator(".compared").last.locator("tbody th")
    expect(names).to_have_count(len(ODD_NAMES))

    assert sorted(names.all_inner_texts()) == sorted(
        name.replace("\u202e", r"\u202e") for name in ODD_NAMES
    )
    expect(view).to_contain_text("<i>t</i>: share of the rows")
    assert view.locator("b:not(.tiles b), i").count() == 0
    assert visited.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert visited.complaints == []


def test_of_many_columns_the_most_different_come_first_and_all_can_be_seen(
    start: Start, visit: Visit
) -> None:
    names = [f"column {number:03d}" for number in range(200)]
    fields = [
        {
            "name": name,
            "type": "number",
            "input": {"group": "numbers", "index": place},
            "observed": {"rows": 1000, "missing": 4 * place, "minimum": 0, "maximum": 1},
        }
        for place, name in enumerate(names)
    ]
    server = start(
        fields=fields,
        rows=[dict.fromkeys(names, 1)],
        numbers=[[1.0]] * 200,
        strings=[],
    )
    predict(server, {names[0]: 1})
    visited = visit(f"{server.url}/#live")
    view = view_of(visited)
    names_shown = view.locator(".compared").last.locator("tbody th")
    expect(names_shown).to_have_text(names[1:13])
    view.get_by_role("button", name="Show all 199").click()
    expect(names_shown).to_have_count(199)
    view.get_by_role("button", name="Show fewer").click()
    expect(names_shown).to_have_count(12)


def test_of_many_classes_the_most_frequent_are_shown(start: Start, visit: Visit) -> None:
    classes = [f"class {number}" for number in range(100)]
    shares = [0.01] * 100
    server = start(
        "penguins",
        classes=classes,
        numbers=[[0.0] * 100] * 2,
        strings=[[0.0] * 100],
        bias=[float(number == 7) for number in range(100)],
        reference=json.dumps({"predictions": {"rows": 9, "shares": shares}}),
    )
    predict(server, *[{"bill": 1, "year": 2007, "island": "Dream"}] * 4)
    view = view_of(visit(f"{server.url}/#live"))
    table = view.locator(".compared").first
    expect(table.locator("tbody tr")).to_have_count(20)

    expect(table.locator("tr").filter(has_text="class 7").first).to_contain_text("100 %")
    expect(view).to_contain_text("80 rarer classes are not shown.")


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS, ids=["desktop-light", "phone-dark"])
def test_axe_finds_nothing_to_object_to(
    start: Start, visit: Visit, scheme: str, viewport: Any
) -> None:
    server = start()
    visited = visit(f"{server.url}/#live", viewport, scheme)
    page, view = visited.page, view_of(visited)
    expect(view.locator("pre code")).to_contain_text("curl")

    def violations() -> list[str]:
        return [
            f"{found['id']}: {found['nodes'][0]['html']}"
            for found in Axe().run(page, "#live").response["violations"]
        ]

    assert violations() == []
    predict(server, ROW, ROW | {"carat": 99})
    predict(server, {})
    expect(view.locator("figure").first).to_be_visible()
    for summary in view.locator("summary").all():
        summary.click()
    assert violations() == []
    page.route("**/page/live", lambda route: route.abort())
    expect(view.get_by_text("Not up to date")).to_be_visible()
    assert violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
