"""The view "Try it" in a real browser: what the form says is what the API answers."""

import random
import re
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, ViewportSize, expect
from support.browsing import LOOKS, Visit
from support.form_view import (
    change_form,
    code,
    control,
    enter,
    expect_number,
    field,
    first_number,
    form_of,
    open_form,
    predict,
    result,
    rows_of,
    trouble,
)
from support.odd_columns import (
    CATEGORIES,
    HIDDEN,
    MARKUP,
    QUOTES,
    RIGHT_TO_LEFT,
    SETTINGS,
    write_odd_columns,
)
from support.running import Pipeline

CASES = 25
"""Random rows for each of two pipelines."""
CURVE_ROWS = 30
NEVER_SEEN = "never seen"


@pytest.fixture(scope="module")
def odd(session_pipelines: Any) -> Pipeline:
    """A pipeline with columns that are hard to show, up."""
    pipeline: Pipeline = session_pipelines()
    (pipeline.folder / "data").mkdir()
    write_odd_columns(pipeline.folder / "data/table.csv")
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


def random_row(form: Any, chance: random.Random) -> dict[str, Any]:
    """Return a row that the API takes: also missing, out of range, never seen in training."""
    row: dict[str, Any] = {}
    for each in form["fields"]:
        seen = each["observed"]
        if not each["required"] and chance.random() < 0.15:
            row[each["name"]] = None
        elif each["type"] in {"number", "integer"}:
            low, high = seen["minimum"], seen["maximum"]
            number = chance.uniform(low * 0.9, high * 1.3)
            digits = chance.randrange(1, 9)
            row[each["name"]] = (
                round(number) if each["type"] == "integer" else round(number, digits)
            )
        else:
            texts = [category["value"] for category in seen["categories"]]
            row[each["name"]] = chance.choice([*texts, NEVER_SEEN])
    return row


def text_of(value: object, chance: random.Random) -> str | None:
    """Return a value as somebody may type it."""
    if value is None or isinstance(value, str):
        return value
    text = repr(value)
    return chance.choice([text, f"+{text}", f" 00{text} ", text.removeprefix("0") or "0"])


@pytest.mark.parametrize("name", ["diamonds", "penguins"])
def test_the_form_shows_what_the_api_answers(
    name: str, request: pytest.FixtureRequest, visit: Visit
) -> None:
    pipeline = request.getfixturevalue(name)
    form = form_of(pipeline)
    chance = random.Random(name)  # noqa: S311  # rows, no secret
    visited = open_form(visit, pipeline)
    for _ in range(CASES):
        row = random_row(form, chance)
        for column, value in row.items():
            enter(visited.page, column, text_of(value, chance))

        expect_number(visited.page, first_number(predict(pipeline, row)))

    assert trouble(visited) == []


def test_the_form_begins_with_a_real_row_and_shows_others(diamonds: Pipeline, visit: Visit) -> None:
    form = form_of(diamonds)
    page = open_form(visit, diamonds).page
    for example in (*form["examples"][1:3], form["examples"][3]):
        page.get_by_role("button", name="Another example").click()

        expect_number(page, first_number(predict(diamonds, example["row"])))


def test_nothing_is_asked_of_another_host(penguins: Pipeline, visit: Visit) -> None:
    visited = open_form(visit, penguins)
    enter(visited.page, "bill_length_mm", "50")
    visited.page.wait_for_load_state("networkidle")

    assert {url.startswith(f"{penguins.url}/") for url in visited.requests} == {True}
    assert trouble(visited) == []


def test_the_most_important_columns_are_shown_first(diamonds: Pipeline, visit: Visit) -> None:
    names = [each["name"] for each in form_of(diamonds)["fields"]]
    page = open_form(visit, diamonds).page

    expect(page.locator(".field .title label")).to_have_text(names[:8])
    expect(page.locator("details.rest")).not_to_have_attribute("open", "")
    control(page, names[8])
    expect(page.locator(".field .title label")).to_have_text(names)


def test_a_late_answer_is_ignored(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    # Without them, the browser itself would drop the answer, and nobody could wait for it.
    page.add_init_script("""
        AbortController.prototype.abort = () => {};
        const { json } = Response.prototype;
        window.answers = [];
        Response.prototype.json = async function () {
            const answer = await json.call(this);
            window.answers.push(JSON.stringify(answer));
            return answer;
        };
    """)
    page.reload()
    result(page).wait_for()
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        asked = rows_of(route.request.post_data)
        if [row["bill_length_mm"] for row in asked] == [33] and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/predict", hold_the_first)
    row = form_of(penguins)["examples"][0]["row"]
    early, later = (predict(penguins, row | {"bill_length_mm": length}) for length in (33, 59))
    with page.expect_request("**/predict"):
        enter(page, "bill_length_mm", "33")
    enter(page, "bill_length_mm", "59")
    expect_number(page, first_number(later))
    held[0].continue_()
    page.wait_for_function(
        "number => answers.some((each) => each.includes(number))",
        arg=page.evaluate("String", first_number(early)),
    )

    expect_number(page, first_number(later))


def test_a_missing_value_is_chosen_where_the_api_takes_it(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    box = page.get_by_label("bill_length_mm: missing", exact=True)
    with page.expect_request("**/predict") as sent:
        box.check()

    assert '"bill_length_mm": null' in (sent.value.post_data or "")
    expect(control(page, "bill_length_mm")).to_have_value("")
    control(page, "bill_length_mm").fill("40")
    expect(box).not_to_be_checked()
    control(page, "bill_length_mm").fill("")
    expect(box).to_be_checked()
    box.uncheck()
    expect(control(page, "bill_length_mm")).to_have_value("40")
    expect(page.get_by_label("year: missing", exact=True)).to_be_disabled()
    expect(control(page, "island").locator("option[value=missing]")).to_be_disabled()


def test_an_invalid_value_has_the_apis_message_at_its_field(
    penguins: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, penguins).page
    year = control(page, "year")
    year.fill("2007.5")
    error = field(page, "year").locator(".error")
    with penguins.client() as client:
        row = form_of(penguins)["examples"][0]["row"] | {"year": 2007.5}
        [told] = client.post("/predict", json={"rows": [row]}).json()["errors"]

    expect(error).to_have_text(f"Expected {told['expected']}.")
    expect(year).to_have_attribute("aria-invalid", "true")
    assert error.get_attribute("id") in (year.get_attribute("aria-describedby") or "").split()
    expect(page.locator(".prediction")).to_have_text("A value is not accepted.")
    page.get_by_role("button", name="year", exact=True).click()
    expect(year).to_be_focused()
    year.fill("2008")
    expect(error).to_be_empty()
    expect(year).not_to_have_attribute("aria-invalid", "true")
    result(page).wait_for()


def test_a_value_outside_the_range_of_training_is_answered_with_a_warning(
    penguins: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, penguins).page
    row = form_of(penguins)["examples"][0]["row"]
    enter(page, "body_mass_g", "63000")
    enter(page, "sex", NEVER_SEEN)

    expect_number(
        page, first_number(predict(penguins, row | {"body_mass_g": 63000, "sex": NEVER_SEEN}))
    )
    expect(field(page, "body_mass_g").locator(".warnings")).to_contain_text("Above the range")
    expect(field(page, "sex").locator(".warnings")).to_contain_text("no such category")


def test_a_case_is_sent_to_a_colleague_as_a_link(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    enter(page, "island", "Dream")
    enter(page, "bill_length_mm", "48.125")
    enter(page, "sex", None)
    page.wait_for_url(re.compile(r"sex=&"))
    row = form_of(penguins)["examples"][0]["row"]
    changed = row | {"island": "Dream", "bill_length_mm": 48.125, "sex": None}
    number = first_number(predict(penguins, changed))
    expect_number(page, number)
    other = open_form(visit, penguins, page.url.partition("#try")[2]).page

    expect(control(other, "island").locator("option:checked")).to_have_text("Dream")
    expect(control(other, "bill_length_mm")).to_have_value("48.125")
    expect(control(other, "sex")).to_have_value("missing")
    expect_number(other, number)


def test_a_link_is_taken_in_a_tab_that_is_open(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    page.evaluate("location.hash = '#try?bill_length_mm=51'")

    expect(control(page, "bill_length_mm")).to_have_value("51")
    page.evaluate("location.hash = '#try'")
    page.wait_for_url(re.compile(r"bill_length_mm=51"))


def test_unknown_names_in_a_link_are_ignored(penguins: Pipeline, visit: Visit) -> None:
    fragment = "?" + urlencode({"bill_length_mm": "41", "nonsense": "1", "__proto__": "2"})
    page = open_form(visit, penguins, fragment).page

    expect(control(page, "bill_length_mm")).to_have_value("41")
    enter(page, "year", "2009")
    page.wait_for_url(re.compile(r"year=2009"))
    kept = parse_qs(page.url.partition("?")[2], keep_blank_values=True)
    assert [*kept] == [each["name"] for each in form_of(penguins)["fields"]]


def test_an_invalid_value_in_a_link_is_shown_as_it_was(penguins: Pipeline, visit: Visit) -> None:
    visited = visit(f"{penguins.url}/#try?year=next")

    expect(control(visited.page, "year")).to_have_value("next")
    expect(control(visited.page, "year")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("+.50", "0.50"),
        ("007", "7"),
        ("1e-3", "1e-3"),
        ("−2", "-2"),
        ("1,5", '"1,5"'),
        ('" 1', '"\\" 1"'),
    ],
)
def test_a_number_is_sent_as_it_was_typed(
    typed: str, sent: str, penguins: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, penguins).page
    with page.expect_request("**/predict") as request:
        enter(page, "bill_length_mm", typed)

    assert f'"bill_length_mm": {sent},' in (request.value.post_data or "")


def test_an_integer_beyond_doubles_is_refused_and_not_rounded(
    penguins: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, penguins).page
    enter(page, "year", "9007199254740993")

    expect(field(page, "year").locator(".error")).to_contain_text("a whole number within ±2⁵³")


def test_the_curve_is_one_request_and_its_table_what_the_api_answers(
    diamonds: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, diamonds).page
    with page.expect_request(lambda request: len(rows_of(request.post_data)) == CURVE_ROWS) as sent:
        page.get_by_label("What if").select_option("depth")
    with diamonds.client() as client:
        headers = {"content-type": "application/json"}
        answer = client.post("/predict", content=sent.value.post_data, headers=headers).json()
    page.get_by_text("The values as a table").click()
    table = page.get_by_role("region", name="The values of the curve").locator("tbody tr")
    rows = rows_of(sent.value.post_data)
    [seen] = [each["observed"] for each in form_of(diamonds)["fields"] if each["name"] == "depth"]

    expect(table).to_have_count(CURVE_ROWS)
    assert [row["depth"] for row in rows][:: CURVE_ROWS - 1] == [seen["minimum"], seen["maximum"]]
    shown = [
        float(cells.replace(",", ""))
        for cells in table.locator("td:nth-child(2)").all_inner_texts()
    ]
    assert shown == pytest.approx([each["price"] for each in answer["predictions"]], rel=1e-5)
    assert page.locator(".curve svg[role=img] path.line").count() == 1


def test_the_curve_follows_the_row_and_the_column(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    page.get_by_label("What if").select_option("flipper_length_mm")
    with page.expect_request(lambda request: len(rows_of(request.post_data)) > 1) as sent:
        enter(page, "sex", "female")

    assert {row["sex"] for row in rows_of(sent.value.post_data)} == {"female"}
    page.get_by_label("What if").select_option("island")
    expect(page.locator(".curve .bars .name")).to_have_text(["Biscoe", "Dream", "Torgersen"])
    enter(page, "year", "never")
    expect(page.locator(".curve")).to_contain_text("as soon as there is a prediction")


def test_without_a_model_the_form_comes_as_soon_as_there_is_one(
    penguins: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, penguins).page
    page.clock.install()
    problem = {"title": "Service Unavailable", "status": 503, "detail": "no model is live: none"}
    page.route("**/page/form", lambda route: route.fulfill(status=503, json=problem))
    page.reload()

    expect(page.locator("#try").get_by_role("alert")).to_contain_text("no model is live: none")
    page.unroute("**/page/form")
    page.clock.fast_forward(5000)
    result(page).wait_for()
    expect(page.locator("#try").get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("how", ["with a button", "by itself"])
def test_a_refused_request_is_tried_again(how: str, penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    page.clock.install()
    problem = {"title": "Service Unavailable", "status": 503, "detail": "too much waits already"}
    page.route("**/predict", lambda route: route.fulfill(status=503, json=problem))
    enter(page, "year", "2009")
    page.clock.run_for(120)

    expect(page.locator(".prediction")).to_have_text("too much waits already")
    page.unroute("**/predict")
    if how == "by itself":
        page.clock.fast_forward(5000)
    else:
        page.get_by_role("button", name="Try again").click()
    result(page).wait_for()


def test_the_form_follows_another_model_and_keeps_what_was_typed(
    penguins: Pipeline, visit: Visit
) -> None:
    page = open_form(visit, penguins).page
    enter(page, "bill_length_mm", "51.5")
    page.wait_for_url(re.compile(r"bill_length_mm=51\.5"))
    fields = [each for each in form_of(penguins)["fields"] if each["name"] != "sex"]
    change_form(page, penguins, {"fields": fields, "model": "b" * 16})

    def by_another_model(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers=answer.headers | {"x-model-id": "b" * 16})

    page.route("**/predict", by_another_model, times=1)
    enter(page, "year", "2008")

    expect(page.get_by_label("sex", exact=True)).to_have_count(0)
    expect(control(page, "bill_length_mm")).to_have_value("51.5")
    expect(control(page, "year")).to_have_value("2008")
    expect(control(page, "year")).to_be_focused()


def test_no_text_of_a_table_becomes_markup(odd: Pipeline, visit: Visit) -> None:
    visited = visit(f"{odd.url}/#try")
    page = visited.page
    enter(page, "owner", "owner 1")
    result(page).wait_for()
    for name in (MARKUP, QUOTES, RIGHT_TO_LEFT):
        control(page, name).wait_for()
        expect(page.get_by_label("What if").locator("option", has_text=name)).to_have_count(1)
    page.get_by_label("What if").select_option(QUOTES)
    shown_name = HIDDEN.encode("unicode_escape").decode()
    enter(page, shown_name, "0.5")

    expect(page.locator(".curve .bars .name").first).to_be_visible()
    assert page.locator("#try img, #try script, #try b").count() == 0
    page.wait_for_url(re.compile(re.escape(urlencode({HIDDEN: "0.5"}))))
    assert page.title() != "broken"
    refused = "error: Failed to load resource: the server responded with a status of 422"
    assert [each for each in trouble(visited) if not each.startswith(refused)] == []


def test_a_private_column_is_empty_and_leaves_the_form_only_to_the_api(
    odd: Pipeline, visit: Visit
) -> None:
    page = visit(f"{odd.url}/#try?owner=owner+1&member=true").page

    expect(control(page, "owner")).to_have_value("")
    expect(field(page, "owner").locator(".error")).to_contain_text("must have a value")
    with page.expect_request("**/predict") as sent:
        enter(page, "owner", "owner 7")
    result(page).wait_for()
    assert '"owner": "owner 7"' in (sent.value.post_data or "")
    page.get_by_role("button", name="Another example").click()
    expect(control(page, "owner")).to_have_value("owner 7")
    page.wait_for_url(re.compile(r"member="))
    texts = [page.url, *(code(page, language) for language in ("curl", "Python", "JavaScript"))]
    assert not any("owner" in text for text in texts)
    expect(page.locator(".code")).to_contain_text("add owner (required) yourself")


def test_a_column_of_many_categories_is_searched_with_the_keyboard(
    odd: Pipeline, visit: Visit
) -> None:
    page = visit(f"{odd.url}/#try").page
    code_ = control(page, "code")
    [seen] = [each["observed"] for each in form_of(odd)["fields"] if each["name"] == "code"]
    listed = [each["value"] for each in seen["categories"]]
    wanted = listed[-1]

    expect(field(page, "code")).to_contain_text(f"{len(listed)} of {CATEGORIES:,} categories")
    code_.press("ArrowDown")
    expect(code_).to_have_attribute("aria-expanded", "true")
    suggestions = page.get_by_role("listbox", name="code: suggestions")
    expect(suggestions.get_by_role("option")).to_have_count(len(listed))
    code_.press("Escape")
    expect(code_).to_have_attribute("aria-expanded", "false")
    code_.fill(wanted.removeprefix("code "))
    code_.press("ArrowUp")
    active = code_.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    chosen = page.locator(f"#{active}").inner_text()
    code_.press("Enter")
    expect(code_).to_have_value(chosen)
    expect(code_).to_have_attribute("aria-expanded", "false")


def test_a_date_is_picked_or_typed_in_any_form_that_the_api_reads(
    odd: Pipeline, visit: Visit
) -> None:
    page = visit(f"{odd.url}/#try").page
    enter(page, "owner", "owner 1")
    result(page).wait_for()
    enter(page, "built", "31.12.2024")
    enter(page, "since", "2024-02-29 10:30+02:00")
    with page.expect_request(lambda request: '"rate": "14 %"' in (request.post_data or "")) as sent:
        enter(page, "rate", "14 %")

    [row] = rows_of(sent.value.post_data)
    assert (row["built"], row["since"]) == ("31.12.2024", "2024-02-29 10:30+02:00")
    result(page).wait_for()
    for name, picked in (("built", "2024-02-29"), ("since", "2024-02-29T10:30")):
        field(page, name).get_by_role("button", name=f"Pick a date for {name}").click()
        picker = field(page, name).locator("input.picker")
        picker.evaluate(
            "(input, text) => { input.value = text; input.dispatchEvent(new Event('input')) }",
            picked,
        )

        expect(control(page, name)).to_have_value(picked)
    result(page).wait_for()


@pytest.mark.parametrize(
    ("text", "seconds", "picked"),
    [
        ("2013-01-01T05:00", 1357034400, "2013-01-01T05:00"),
        ("2013-07-01 05:00:30", 1372669230, "2013-07-01T05:00:30"),
        ("2013-07-01T05:00Z", 1372654800, "2013-07-01T01:00"),
        ("2013-07-01T05:00 +0530", 1372635000, "2013-06-30T19:30"),
        ("2013-07-01", 1372651200, "2013-07-01T00:00"),
        ("1969-12-31T23:59:59.5Z", -0.5, "1969-12-31T18:59:59"),
        ("next week", None, ""),
    ],
)
def test_a_moment_is_drawn_and_picked_in_the_time_zone_of_the_model(
    text: str, seconds: float | None, picked: str, penguins: Pipeline, visit: Visit
) -> None:
    page = visit(penguins.url).page
    found = page.evaluate(
        """async ([text, zone]) => {
            const { secondsOf, pickerText } = await import("./page/assets/values.js");
            const seconds = secondsOf(text, zone);
            const field = { type: "datetime" };
            return [isNaN(seconds) ? null : seconds, pickerText(field, text, zone)];
        }""",
        [text, "America/New_York"],
    )

    assert found == [seconds, picked]


def test_a_percentage_says_that_a_number_is_the_fraction(odd: Pipeline, visit: Visit) -> None:
    page = visit(f"{odd.url}/#try").page
    enter(page, "rate", "14")

    expect(field(page, "rate")).to_contain_text("A fraction: 0.14 = 14 %.")
    expect(field(page, "rate").locator(".warnings")).to_contain_text("0.14 is 14 %")


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS, ids=["desktop-light", "phone-dark"])
def test_everybody_can_use_the_form(
    odd: Pipeline, visit: Visit, scheme: Any, viewport: ViewportSize
) -> None:
    visited = visit(f"{odd.url}/#try", viewport, scheme, may_run=True)
    page = visited.page
    enter(page, "owner", "owner 1")
    result(page).wait_for()
    page.get_by_text("The values as a table").click()
    enter(page, "rate", "many")
    expect(field(page, "rate").locator(".error")).not_to_be_empty()
    found = [
        (each["id"], [node["target"] for node in each["nodes"]][:5])
        for each in Axe().run(page).response["violations"]
    ]

    assert found == []
    widths = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert widths[0] == widths[1]
