"""The report as readers see it: in a real browser, on a desk and on a phone, by day and night."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ViewportSize
from support.browsing import DESKTOP, PHONE, Visit, Visited
from support.running import Pipeline

PIPELINES = ("diamonds", "penguins", "flights")
MIN_PLOTS = 10

# Of each plot: its name, its size, and how many marks are drawn in it that come from rows. Lines to
# compare with (diagonals, levels, zero) and the rug of deciles are there whatever a model says.
DRAWN = """() => [...document.querySelectorAll("svg.plot")].map(svg => {
    const frame = svg.getBoundingClientRect();
    const ofRows = "path:not(.grid):not(.axis):not(.aim):not(.rug), circle";
    const marks = [...svg.querySelectorAll(ofRows)];
    const sizes = marks.map(mark => mark.getBBox()).filter(box => box.width > 0 || box.height > 0);
    return {
        name: svg.closest("figure, li").textContent.trim().slice(0, 40),
        isFigure: svg.closest("figure") !== null,
        width: frame.width, height: frame.height, marks: sizes.length,
    };
})"""

# Words that stick out of their plot.
CUT = """() => [...document.querySelectorAll("figure svg text")].filter(text => {
    const own = text.getBoundingClientRect(), plot = text.closest("svg").getBoundingClientRect();
    return own.left < plot.left - 1 || own.right > plot.right + 1
        || own.top < plot.top - 1 || own.bottom > plot.bottom + 1;
}).map(text => text.textContent)"""

WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    found: Pipeline = request.getfixturevalue(request.param)
    return found


def violations(visited: Visited) -> list[tuple[Any, Any]]:
    """Return the rules of accessibility that a page breaks, with the places."""
    found = Axe().run(visited.page).response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]][:5]) for each in found]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_plot_is_drawn_and_nothing_is_asked_of_anybody(
    pipeline: Pipeline, visit: Visit, viewport: ViewportSize
) -> None:
    url = f"{pipeline.url}/report"
    visited = visit(url, viewport)
    plots = visited.page.evaluate(DRAWN)
    scroll_width, width = visited.page.evaluate(WIDTHS)

    assert (visited.status, visited.requests, visited.complaints) == (200, [url], [])
    assert len(plots) >= MIN_PLOTS
    assert [plot for plot in plots if plot["width"] < 40 or plot["height"] < 15] == []
    # A bar of a column that is no help has no length.
    assert [plot for plot in plots if plot["isFigure"] and not plot["marks"]] == []
    assert visited.page.evaluate(CUT) == []
    assert scroll_width == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_whoever_reads(pipeline: Pipeline, visit: Visit, scheme: Any) -> None:
    visited = visit(f"{pipeline.url}/report", DESKTOP, scheme, may_run=True)

    assert violations(visited) == []


def test_the_score_is_on_the_first_screen_of_a_phone(penguins: Pipeline, visit: Visit) -> None:
    visited = visit(f"{penguins.url}/report", PHONE)
    score = visited.page.locator(".tiles .main b").bounding_box()

    assert score is not None
    assert score["y"] + score["height"] < PHONE["height"]


def test_the_docs_lead_to_it(diamonds: Pipeline, visit: Visit) -> None:
    visited = visit(f"{diamonds.url}/docs")
    with visited.page.expect_popup() as opened:
        visited.page.get_by_role("link", name="The report on it").click()
    heading = opened.value.get_by_role("heading", level=1)
    heading.wait_for()

    assert opened.value.url == f"{diamonds.url}/report"
    assert heading.inner_text() == "price"
