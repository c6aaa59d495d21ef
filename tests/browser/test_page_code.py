"""The code that "Try it" shows, run as it is pasted: it gives the prediction of the form."""

import ast
import shlex
import subprocess
import sys
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Error, Page, expect
from support.browsing import Visit
from support.form_view import (
    change_form,
    code,
    enter,
    expect_number,
    field,
    first_number,
    form_of,
    open_form,
    predict,
    result,
)
from support.running import Pipeline


def run_curl(pipeline: Pipeline, text: str) -> Any:
    """Send what a shell would hand to curl."""
    command, address, *options = shlex.split(text.replace("\\\n", ""))
    given = dict(zip(options[::2], options[1::2], strict=True))
    name, _, value = given["-H"].partition(": ")
    assert (command, address, [*given]) == ("curl", f"{pipeline.url}/predict", ["-H", "-d"])
    with pipeline.client() as client:
        answer = client.post(address, content=given["-d"].encode(), headers={name: value})
        return answer.json()["predictions"][0]


def run_python(text: str) -> Any:
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


def run_javascript(page: Page, text: str) -> Any:
    said = "let said; const console = { log: (value) => (said = value) };"
    return page.evaluate(f"async () => {{ {said}\n{text}\nreturn said; }}")


def test_the_code_gives_the_same_prediction(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    enter(page, "sex", """it's "quoted" \\ 💎""")
    enter(page, "bill_length_mm", "40.10")
    enter(page, "bill_depth_mm", None)
    row = form_of(penguins)["examples"][0]["row"]
    row |= {"sex": """it's "quoted" \\ 💎""", "bill_length_mm": 40.1, "bill_depth_mm": None}
    expected = predict(penguins, row)
    expect_number(page, first_number(expected))

    assert run_curl(penguins, code(page, "curl")) == expected
    assert run_python(code(page, "Python")) == expected
    assert run_javascript(page, code(page, "JavaScript")) == expected


def test_code_shows_characters_that_hide_or_turn_text(penguins: Pipeline, visit: Visit) -> None:
    odd = "a\u202e\u2066\u200b\u009b\U000e0041b"
    page = open_form(visit, penguins).page
    enter(page, "sex", odd)
    row = form_of(penguins)["examples"][0]["row"] | {"sex": odd}
    expected = predict(penguins, row)
    expect_number(page, first_number(expected))

    for language in ("curl", "Python", "JavaScript"):
        assert r"a\u202e\u2066\u200b\u009b" in code(page, language)
    assert run_curl(penguins, code(page, "curl")) == expected
    assert run_python(code(page, "Python")) == expected
    assert run_javascript(page, code(page, "JavaScript")) == expected


def test_no_code_loses_a_digit(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    enter(page, "year", "9007199254740993")
    expect(field(page, "year").locator(".error")).not_to_be_empty()

    # As a number of JavaScript it would be 9007199254740992, which the API takes.
    with pytest.raises(Error, match="a whole number within"):
        run_javascript(page, code(page, "JavaScript"))
    for language in ("curl", "Python"):
        assert "9007199254740993" in code(page, language)


def test_code_and_link_are_copied(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".code-head").get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")

    assert copied == code(page, "curl")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".tools").get_by_role("status")).to_contain_text("is copied")
    link = page.evaluate("navigator.clipboard.readText()")
    row = form_of(penguins)["examples"][0]["row"]
    assert link.startswith(f"{penguins.url}/#try?")
    assert parse_qs(link.partition("?")[2]) == {name: [str(row[name])] for name in row}


def test_where_there_is_no_clipboard_the_code_is_selected(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    page.add_init_script("delete Navigator.prototype.clipboard")
    page.reload()
    result(page).wait_for()
    page.get_by_role("button", name="Copy", exact=True).click()

    expect(page.locator(".code-head").get_by_role("status")).to_contain_text("Selected")
    assert page.evaluate("String(getSelection())") == code(page, "curl")


def test_where_keys_are_set_the_code_names_a_variable(penguins: Pipeline, visit: Visit) -> None:
    page = open_form(visit, penguins).page
    change_form(page, penguins, {"needs_key": True})
    page.reload()
    result(page).wait_for()

    assert '-H "X-API-Key: $API_KEY"' in code(page, "curl")
    assert '"X-API-Key": os.environ["API_KEY"]' in code(page, "Python")
    assert '"X-API-Key": process.env.API_KEY' in code(page, "JavaScript")
