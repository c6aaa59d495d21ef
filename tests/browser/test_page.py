"""The frame of the page and its overview in a real browser, in every state of the server."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from support.browsing import LOOKS, Visit, Visited
from support.made_server import MadeServer, serving_made
from support.odd_columns import MARKUP, QUOTES, RIGHT_TO_LEFT
from support.page_states import (
    FIRST,
    PRIVATE_VALUE,
    REASON,
    SECOND,
    WIDE,
    following,
    odd,
    private,
    published,
    refused,
    wide,
)
from support.waiting import until

VIEWS = ("overview", "try", "score", "live")
KEY = "k" * 32
FOLLOWS = 15_000
"""Milliseconds in which an open page shows a change; it asks every five seconds."""
NO_ANSWER = "The server does not answer."
STATES: dict[str, tuple[str | None, Callable[[], dict[str, Any]]]] = {
    "no model": (None, dict),
    "first model": ("diamonds", published),
    "second model": ("diamonds", lambda: published(id=FIRST)),
    "refused candidate": ("diamonds", lambda: published(id=FIRST)),
    "classes": ("flights", published),
    "interval": ("diamonds", lambda: published(interval=0.9)),
    "quantiles": ("diamonds", lambda: published(quantiles=[0.1, 0.5, 0.9])),
    "private columns": ("penguins", private),
    "200 columns": ("diamonds", wide),
    "odd names": ("diamonds", odd),
}
LATER = {"second model": lambda: following(FIRST), "refused candidate": refused}
"""What is published after that."""
ALIKE = {"exclude": [["tr:nth-child(n + 20)"]]}
"""Not looked at: the rows of a long table are alike."""

KEEP_FILE = """() => {
    const create = URL.createObjectURL;
    URL.createObjectURL = (file) => {
        window.kept = file;
        return create(file);
    };
}"""
"""Keeps what a link saves, because the browser runs in a container."""

type Start = Callable[..., MadeServer]


@pytest.fixture(scope="module", params=STATES)
def state(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[MadeServer]:
    """A server in one of the states."""
    model, changes = STATES[request.param]
    with serving_made(tmp_path_factory.mktemp("state"), model, **changes()) as server:
        if request.param in LATER:
            server.publish(str(model), **LATER[request.param]())
            wait_for(server, lambda text: SECOND in text)
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: Any) -> Iterator[MadeServer]:
    """A server that tests only look at."""
    with serving_made(tmp_path_factory.mktemp("shared"), "diamonds", **published()) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server, of a model or of none."""
    with ExitStack() as stack:

        def start(model: str | None = "diamonds", **changes: Any) -> MadeServer:
            return stack.enter_context(serving_made(tmp_path, model, **changes))

        yield start


@pytest.fixture
def start_with_key(start: Start, tmp_path: Path) -> Start:
    def start_with_key(model: str = "diamonds", **changes: Any) -> MadeServer:
        (tmp_path / "keys").write_text(KEY)
        return start(model, settings=f'api_keys_file = "{tmp_path / "keys"}"', **changes)

    return start_with_key


def wait_for(server: MadeServer, holds: Callable[[str], bool]) -> None:
    """Wait until the overview says something."""
    until(lambda: holds(httpx.get(f"{server.url}/page/overview").text), seconds=30)


def show(page: Page, view: str) -> Locator:
    """Go to a view and wait until it has what it asks for; open what can be opened."""
    page.locator(f'header nav a[href="#{view}"]').click()
    section = page.locator(f"#{view}")
    expect(section).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    return section


def trouble(visited: Visited, *expected: str) -> list[str]:
    """Return what went wrong, without what is expected.

    A browser reports any status 503, and an overview that has not changed (304) as aborted.
    """
    known = ("the server responded with a status of 503", "/page/overview", *expected)
    return [each for each in visited.complaints if not any(text in each for text in known)]


def violations(page: Page) -> list[tuple[str, str]]:
    found = Axe().run(page, ALIKE).response["violations"]
    return [(each["id"], node["html"]) for each in found for node in each["nodes"][:3]]


def text_of(server: MadeServer, path: str) -> str:
    answer = httpx.get(server.url + path)
    assert answer.status_code == 200, answer.text
    return answer.text


def enter_key(page: Page, key: str) -> None:
    page.get_by_role("textbox", name="API key").fill(key)
    page.get_by_role("button", name="Enter", exact=True).click()


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def notice(page: Page) -> Locator:
    """Return the line that says why the page is not up to date."""
    return page.locator("#connection")


def pressed(page: Page, key: str, times: int) -> list[str]:
    """Press a key and return the name of what has the focus, each time."""
    names = []
    for _ in range(times):
        page.keyboard.press(key)
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
    return names


def test_no_view_complains_or_asks_another_host(state: MadeServer, visit: Visit) -> None:
    visited = visit(state.url)
    for view in VIEWS:
        show(visited.page, view)

    assert visited.status == 200
    assert trouble(visited) == []
    assert [url for url in visited.requests if not url.startswith(f"{state.url}/")] == []


def test_everybody_can_read_every_view(state: MadeServer, visit: Visit) -> None:
    page = visit(state.url, may_run=True).page
    for view in VIEWS:
        show(page, view)
        for viewport, scheme in LOOKS:
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport["width"], view
            assert violations(page) == [], (view, viewport["width"], scheme)


def test_without_a_model_the_page_says_what_to_do_and_shows_the_first_one_by_itself(
    start: Start, visit: Visit
) -> None:
    server = start(None)
    page = visit(server.url).page
    expect(heading(page)).to_have_text("No model yet")
    expect(page.locator("#notices pre")).to_have_text(re.compile("make up"))
    server.publish("diamonds", **published(id=FIRST))

    expect(heading(page)).to_have_text("price", timeout=FOLLOWS)
    expect(page.locator("#headline code")).to_have_text(FIRST)
    expect(page).to_have_title(re.compile("price"))
    expect(page.locator("#stages h3")).to_have_text(
        ["ingest", "clean", "features", "train", "serve"]
    )
    expect(page.locator("#notices pre")).to_have_count(0)


def test_a_page_that_is_open_shows_a_swap_by_itself(start: Start, visit: Visit) -> None:
    server = start(**published(id=FIRST))
    visited = visit(server.url)
    page = visited.page
    expect(page.locator("#headline code")).to_have_text(FIRST)
    summary = page.locator("summary").filter(has_text="Columns after clean")
    summary.press("Enter")
    page.evaluate("window.isSamePage = true")
    server.publish("diamonds", **following(FIRST))

    expect(page.locator("#headline code")).to_have_text(SECOND, timeout=FOLLOWS)
    row = page.locator("#history tr").filter(has_text=FIRST)
    expect(row).to_contain_text("previous")
    expect(row.locator(".command").first).to_have_text(re.compile(f"rollback ID={FIRST}$"))
    expect(page.locator("#history tr.chosen")).to_contain_text(SECOND)
    expect(
        page.get_by_role("cell", name="carat")
        .or_(page.locator("#columns-2 th").filter(has_text="carat"))
        .first
    ).to_be_visible()
    # Whoever reads with the keyboard stays where he was.
    expect(summary).to_be_focused()
    assert page.evaluate("window.isSamePage") is True
    assert trouble(visited) == []


def test_a_refused_candidate_is_named_with_its_reason_and_the_command_to_accept_it(
    start: Start, visit: Visit
) -> None:
    server = start(**published(id=FIRST))
    page = visit(server.url).page
    server.publish("diamonds", **refused())
    told = page.locator("#notices .warning")

    expect(told).to_contain_text(REASON, timeout=FOLLOWS)
    expect(told).to_contain_text(f"Model {FIRST} stays live.")
    expect(told.locator("pre code")).to_have_text(re.compile(f"make accept ID={SECOND}$"))
    page.get_by_role("link", name="refused candidate").click()
    expect(told).to_be_in_viewport()
    expect(page.locator("#history tr").filter(has_text=SECOND)).to_contain_text("refused")


def test_no_value_of_a_private_column_reaches_the_browser(start: Start, visit: Visit) -> None:
    server = start("penguins", **private())
    visited = visit("about:blank")
    page = visited.page
    answers: list[str] = []
    page.on("response", lambda response: answers.append(response.url))
    page.goto(server.url)
    for view in VIEWS:
        show(page, view)
        assert PRIVATE_VALUE not in page.content()
    texts = [
        text_of(server, url.removeprefix(server.url)) for url in {*answers} if "predict" not in url
    ]

    assert len(texts) > 10
    assert any("island" in text for text in texts)
    assert [text for text in texts if PRIVATE_VALUE in text] == []


def test_where_keys_are_set_the_public_page_is_the_same_for_all_models(
    start_with_key: Start, tmp_path_factory: Any
) -> None:
    server = start_with_key("penguins", **published())
    public = text_of(server, "/")
    model = published(interval=0.9)
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(KEY)
    with serving_made(
        keys.parent, "diamonds", settings=f'api_keys_file = "{keys}"', **model
    ) as other:
        assert text_of(other, "/") == public

    for path in ("/page/overview", "/page/form", "/page/live"):
        assert httpx.get(server.url + path).status_code == 401


def test_where_keys_are_set_the_report_is_saved_with_the_key(
    start_with_key: Start, visit: Visit
) -> None:
    report = "<p>the report</p>"
    server = start_with_key(**published(id=FIRST, report=report))
    visited = visit(server.url)
    page = visited.page
    enter_key(page, KEY)
    link = page.get_by_role("link", name="The report")
    link.wait_for()
    page.evaluate(KEEP_FILE)
    link.click()
    state = page.locator("#report-link + [role=status]")
    expect(state).to_contain_text(f"saved as report-{FIRST}.html")

    assert page.evaluate("window.kept.text()") == report
    assert page.url.removesuffix("/") == server.url
    assert visited.complaints == []


def test_without_keys_the_report_is_a_page(start: Start, visit: Visit) -> None:
    page = visit(start(**published(report="<p>the report</p>")).url).page
    page.get_by_role("link", name="The report").click()

    expect(page.get_by_text("the report")).to_be_visible()
    assert page.url.endswith("/report")


def test_the_page_asks_for_the_key_and_keeps_it_to_itself(
    start_with_key: Start, visit: Visit
) -> None:
    server = start_with_key(**published(id=FIRST))
    visited = visit(server.url)
    page = visited.page
    expect(page.get_by_role("dialog", name="API key")).to_be_visible()
    assert FIRST not in page.content()
    enter_key(page, "wrong")
    expect(page.get_by_text("This key is not accepted.")).to_be_visible()
    enter_key(page, KEY)
    expect(heading(page)).to_have_text("price")
    expect(page.locator("#headline code")).to_have_text(FIRST)
    for view in VIEWS:
        show(page, view)

    kept = (
        "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie])"
    )
    assert page.evaluate(kept) == '[{},{},null,""]'
    assert page.context.cookies() == []
    assert [text for text in (*visited.requests, page.url, page.content()) if KEY in text] == []
    refusal = "the server responded with a status of 401"
    assert trouble(visited, refusal) == []
    assert len([each for each in visited.complaints if refusal in each]) == 1
    page.reload()
    expect(page.get_by_role("dialog", name="API key")).to_be_visible()


def test_whoever_closes_the_dialog_is_told_how_to_open_it_again(
    start_with_key: Start, visit: Visit
) -> None:
    server = start_with_key(**published())
    page = visit(server.url).page
    page.keyboard.press("Escape")
    expect(notice(page)).to_contain_text("only with an API key")
    page.get_by_role("button", name="Enter API key").click()
    enter_key(page, KEY)

    expect(heading(page)).to_have_text("price")
    expect(notice(page)).to_be_empty()


def test_the_docs_take_the_key(start_with_key: Start, visit: Visit) -> None:
    server = start_with_key(**published())
    visited = visit(f"{server.url}/docs")
    enter_key(visited.page, KEY)
    predict = visited.page.locator("#operations-predict-predict")
    predict.locator(".opblock-summary-control").click()
    predict.get_by_role("button", name="Execute").click()
    answer = predict.locator(".live-responses-table .response")

    expect(answer.locator(".response-col_status")).to_contain_text("200")
    assert KEY not in visited.page.content()
    assert trouble(visited) == []


@pytest.mark.parametrize("view", VIEWS)
def test_names_of_a_table_are_shown_and_never_run(view: str, start: Start, visit: Visit) -> None:
    server = start(**odd())
    visited = visit(server.url)
    page = visited.page
    section = show(page, view)

    if view in {"overview", "try"}:
        for name in (MARKUP, QUOTES, RIGHT_TO_LEFT):
            expect(section.get_by_text(name, exact=True).first).to_be_visible()
    assert page.locator("img").count() == 0
    assert page.title() != "broken"
    assert trouble(visited) == []


def test_200_columns_are_all_listed(start: Start, visit: Visit) -> None:
    server = start(**wide())
    page = visit(server.url).page
    show(page, "overview")

    expect(page.locator("#columns-1 tbody tr")).to_have_count(WIDE)
    expect(page.locator("#signature-of-model tbody tr")).to_have_count(WIDE)
    expect(page.locator("#signature-of-model")).to_contain_text("1,000 values")


def test_classes_and_intervals_are_named(start: Start, visit: Visit) -> None:
    server = start("penguins", **published())
    page = visit(server.url).page

    expect(heading(page)).to_have_text("species")
    expect(page.locator("#model > p").first).to_contain_text("one of 3 classes from 3 columns")


def test_a_prediction_is_shown_with_its_quantiles(start: Start, visit: Visit) -> None:
    server = start(**published(quantiles=[0.1, 0.5, 0.9]))
    visited = visit(f"{server.url}/#try")
    page = visited.page

    expect(page.locator("#try .prediction")).to_have_text(
        "price 322 quantile 0.1: 282, quantile 0.9: 362"
    )
    expect(page.locator(".curve path.band")).to_have_count(1)
    page.get_by_text("The values as a table").click()
    region = page.get_by_role("region", name="The values of the curve")
    expect(region.locator("thead th")).to_have_text(
        ["carat", "price", "quantile 0.1", "quantile 0.5", "quantile 0.9"]
    )
    assert visited.complaints == []


def test_without_javascript_the_overview_can_be_read(shared: MadeServer, visit: Visit) -> None:
    visited = visit(shared.url, has_scripts=False)
    page = visited.page

    expect(page.locator("#headline code")).to_have_text("a" * 16)
    expect(page.locator("#stages h3")).to_have_count(5)
    expect(page.locator("#model .tiles b").first).to_be_visible()
    for view in VIEWS[1:]:
        # Playwright reads no text of the element noscript itself.
        expect(page.locator(f"#{view} noscript p")).to_be_visible()
        expect(page.locator(f"#{view} noscript p")).to_contain_text(re.compile("needs? JavaScript"))
    page.locator("summary").filter(has_text="Columns after clean").click()
    expect(page.locator("#columns-2")).to_be_visible()
    assert trouble(visited) == []


@pytest.mark.parametrize("docs", ["true", "false"])
def test_without_the_page_its_address_leads_to_the_docs_if_there_are_any(
    docs: str, start: Start, visit: Visit
) -> None:
    server = start(settings=f"page = false\ndocs = {docs}")
    visited = visit(server.url)

    if docs == "true":
        assert (visited.status, visited.page.url) == (200, f"{server.url}/docs")
        assert trouble(visited) == []
    else:
        assert visited.status == 404
    for path in ("/page/overview", "/page/form", "/page/live", "/page/assets/page.js"):
        assert httpx.get(server.url + path).status_code == 404


def test_the_views_can_be_reached_with_the_keyboard_alone(shared: MadeServer, visit: Visit) -> None:
    page = visit(shared.url).page
    expect(page.locator("#stages")).to_be_visible()

    links = ["Skip to the content", "Overview", "Try it", "Score a file", "Live"]
    assert pressed(page, "Tab", len(links)) == links
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_be_visible()
    expect(page.get_by_role("link", name="Live")).to_have_attribute("aria-current", "page")
    assert pressed(page, "Shift+Tab", 4) == [*reversed(links[1:])]
    page.keyboard.press("Enter")
    expect(page.locator("#overview")).to_be_visible()
    # Everything that opens can be reached and opened.
    reached = pressed(page, "Tab", 40)
    summaries = page.locator("#overview summary").all()
    assert [each.inner_text() for each in summaries if each.inner_text() not in reached] == []
    summaries[0].focus()
    page.keyboard.press("Enter")
    expect(page.locator("#columns-1")).to_be_visible()


@pytest.mark.parametrize("view", VIEWS)
def test_the_skip_link_leads_into_the_view_that_is_shown(
    view: str, shared: MadeServer, visit: Visit
) -> None:
    page = visit(f"{shared.url}/#{view}").page
    page.wait_for_load_state("networkidle")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{view}")).to_be_visible()
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main > section')?.id") == view


def test_back_and_forward_lead_through_the_views(shared: MadeServer, visit: Visit) -> None:
    page = visit(shared.url).page
    for view in ("try", "live"):
        show(page, view)
    for step, view in (
        ("back", "try"),
        ("back", "overview"),
        ("forward", "try"),
        ("forward", "live"),
    ):
        page.evaluate(f"history.{step}()")
        expect(page.locator(f"#{view}")).to_be_visible()
        expect(page.locator("main > section:visible")).to_have_count(1)
        expect(page.locator("nav [aria-current]")).to_have_attribute("href", f"#{view}")


@pytest.mark.parametrize(
    ("fragment", "view"),
    [
        *((view, view) for view in VIEWS),
        ("", "overview"),
        ("try?carat=0.5", "try"),
        ("model", "overview"),
        ("columns-2", "overview"),
        ("nothing", "overview"),
        ("%3Cscript%3E?\"'", "overview"),
    ],
)
def test_a_link_leads_to_its_view(
    fragment: str, view: str, shared: MadeServer, visit: Visit
) -> None:
    visited = visit(f"{shared.url}/#{fragment}")

    expect(visited.page.locator("main > section:visible")).to_have_count(1)
    expect(visited.page.locator(f"main > #{view}")).to_be_visible()
    if fragment == "columns-2":
        expect(visited.page.locator("#columns-2")).to_be_in_viewport()
    assert trouble(visited) == []


def test_a_page_says_that_its_server_is_gone_and_follows_it_when_it_is_back(
    tmp_path: Path, visit: Visit
) -> None:
    def serving(**how: Any) -> AbstractContextManager[MadeServer]:
        return serving_made(tmp_path, "diamonds", **how)

    with serving(**published(id=FIRST)) as server:
        page = visit(server.url).page
        expect(page.locator("#headline code")).to_have_text(FIRST)
        page.wait_for_load_state("networkidle")
    expect(notice(page)).to_contain_text(NO_ANSWER, timeout=FOLLOWS)
    expect(notice(page)).to_contain_text("may be out of date")
    expect(page.locator("#headline code")).to_have_text(FIRST)
    with serving(port=int(server.url.rpartition(":")[2]), **following(FIRST)):
        expect(notice(page)).to_be_empty(timeout=FOLLOWS)
        expect(page.locator("#headline code")).to_have_text(SECOND)
