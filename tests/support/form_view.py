"""The view "Try it" in a browser: its inputs, its result, and what the API answers."""

import json
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

from support.browsing import Visit, Visited
from support.running import Pipeline


def form_of(pipeline: Pipeline) -> Any:
    with pipeline.client() as client:
        return client.get("/page/form").json()


def predict(pipeline: Pipeline, row: Mapping[str, Any]) -> Any:
    with pipeline.client() as client:
        answer = client.post("/predict", json={"rows": [row]})
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"][0]


def first_number(prediction: Mapping[str, Any]) -> float:
    """Return the number that the form shows first: the prediction, or the class's probability."""
    answer = next(iter(prediction.values()))
    return float(prediction["probabilities"][answer] if "probabilities" in prediction else answer)


def open_form(visit: Visit, pipeline: Pipeline, fragment: str = "", **how: Any) -> Visited:
    visited = visit(f"{pipeline.url}/#try{fragment}", **how)
    result(visited.page).wait_for()
    return visited


def trouble(visited: Visited) -> list[str]:
    """Return what went wrong; the page itself ends requests that a later value replaces."""
    return [each for each in visited.complaints if not each.startswith("failed: ")]


def result(page: Page) -> Locator:
    """Return the first number, which has the API's own digits as its value."""
    return page.locator(".prediction data").first


def control(page: Page, name: str) -> Locator:
    """Return the input or select of a column, unfolded."""
    page.locator(".fields").first.wait_for()
    rest = page.locator("details.rest")
    if rest.count() and not rest.evaluate("rest => rest.open"):
        rest.locator("summary").click()
    return page.get_by_label(name, exact=True)


def field(page: Page, name: str) -> Locator:
    return page.locator(".field").filter(has=control(page, name))


def enter(page: Page, name: str, text: str | None) -> None:
    """Type or choose a text; None is missing."""
    found = control(page, name)
    is_select = found.evaluate("element => element.matches('select')")
    if is_select and text is None:
        found.select_option("missing")
    elif text is None:
        page.get_by_label(f"{name}: missing", exact=True).check()
    elif is_select and text in found.locator("option").all_inner_texts():
        found.select_option(label=text)
    elif is_select:
        found.select_option("other")
        page.get_by_label(f"{name}: another value", exact=True).fill(text)
    else:
        found.fill(text)


def expect_number(page: Page, number: float) -> None:
    """Wait for the API's number, as JavaScript writes it."""
    expect(result(page)).to_have_attribute("value", page.evaluate("String", number))


def rows_of(body: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(body or '{"rows": []}')["rows"]
    return rows


def change_form(page: Page, pipeline: Pipeline, changes: Mapping[str, Any]) -> None:
    """Let the page get the form of another model or server."""
    form = form_of(pipeline) | changes
    page.route("**/page/form", lambda route: route.fulfill(json=form))


def code(page: Page, language: str) -> str:
    """Return the code that the form shows, in one language."""
    page.get_by_role("button", name=language, exact=True).click()
    return page.locator(".code pre").inner_text()
