"""The view that scores a file: tables that do not fit, busy servers, users who leave."""

import gzip
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Dialog, Route
from support.made_server import MadeServer
from support.score_view import (
    COMMA,
    Gate,
    OpenScorer,
    Scorer,
    answer_of,
    cells_of,
    stones,
    table_of,
)
from support.waiting import until

KEY = "a-key-of-the-tests-0123456789"


def test_a_file_of_wrong_rows_is_given_up_and_its_rows_are_explained(scorer: Scorer) -> None:
    says = scorer.score("stones.csv", table_of(["x,Ideal,1,2"] * 50_000))
    [reason] = scorer.table("Why 4,000 rows are rejected")[1:]

    assert says.startswith("Stopped after line 4,001.")
    assert "The last 4,000 rows were all rejected: the file does not fit the model." in says
    assert reason == ["carat", "a number", "4,000", "2"]
    assert scorer.requests == 200
    assert len(cells_of(scorer.saved("rejected").decode())) == 4001
    assert scorer.page.get_by_role("link", name="scored rows").count() == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "carrat,cut\n1,Ideal\n",
            """carrat: expected a column of the model, see GET /model. Did you mean carat?
carat: expected this column in the table: it is required.""",
        ),
        ("carat,depth\n1,2\n", "cut: expected this column in the table: it is required."),
        ("carat,cut,cut\n1,Good,Good\n", "cut: expected this column only once."),
        ("carat,cut\n", "expected at least one row below the header."),
    ],
    ids=["unknown", "missing", "twice", "no rows"],
)
def test_a_wrong_table_is_refused_in_the_words_of_the_api_at_once(
    scorer: Scorer, content: str, says: str
) -> None:
    rest = "" if content.endswith("cut\n") else content.splitlines(keepends=True)[1] * 5000
    found = scorer.score("stones.csv", content + rest)

    assert found == f"The API rejects this table.\n{says}"
    assert scorer.requests == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "The file is empty."),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), "The file is empty."),
        ("blank.csv", b"\n\n\n", "No header was found. Save the table as CSV."),
        ("a.xlsx", b"PK\3\4...", "This is an Excel or OpenDocument file. Save the table as CSV."),
        ("a.parquet", b"PAR1...", "This is a Parquet file. Save the table as CSV."),
        ("a.png", b"\x89PNG\r\n\x1a\n\0", "This is not a text file. Save the table as CSV."),
        ("a.csv", "carat".encode("utf-32"), "The file is UTF-32. Save it as UTF-8."),
    ],
)
def test_what_is_no_table_is_not_sent(scorer: Scorer, name: str, content: bytes, says: str) -> None:
    assert scorer.score(name, content) == says
    assert scorer.requests == 0
    assert scorer.complaints == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('1,"Good', "Line 502: a quote is opened there and never closed."),
        ('1,"Good"x,2', "Line 502: text follows a closing quote. Double the quotes inside a cell."),
    ],
)
def test_a_wrong_quote_ends_the_scoring_and_the_rows_before_it_are_kept(
    made_diamonds: MadeServer, scorer: Scorer, line: str, says: str
) -> None:
    before = table_of(stones(500))
    found = scorer.score("stones.csv", before + line + "\n" + table_of(stones(500), ""))

    assert found == f"Stopped after line 501.\n{says}\n500 rows are scored, 0 rejected."
    assert scorer.saved("scored").decode() == answer_of(made_diamonds, before)


def test_a_damaged_archive_is_not_sent(scorer: Scorer) -> None:
    packed = gzip.compress(table_of(stones(5000)).encode())
    says = scorer.score("stones.csv.gz", packed[: len(packed) // 2])

    assert says.startswith("The file can't be unpacked: it is damaged (")
    assert scorer.requests == 0


def test_a_cancelled_scoring_keeps_what_was_done(made_diamonds: MadeServer, scorer: Scorer) -> None:
    rows = stones(20_000)
    Gate(scorer, passing=3)
    scorer.choose("stones.csv", table_of(rows))
    progress = scorer.page.get_by_role("progressbar", name="Part of the file that is done")
    scorer.page.get_by_text("rows are scored").wait_for()
    shown = float(progress.get_attribute("value") or 0)
    scorer.page.get_by_role("button", name="Cancel").click()
    says = scorer.outcome()
    saved = scorer.saved("scored").decode().splitlines()
    done = len(saved) - 1

    assert 0 < shown < len(table_of(rows))
    assert 0 < done < len(rows)
    assert says == f"Cancelled after line {done + 1:,}.\n{done:,} rows are scored, 0 rejected."
    assert saved == answer_of(made_diamonds, table_of(rows[:done])).splitlines()
    scorer.page.unroute("**/predict")
    scorer.page.get_by_role("button", name="Start again").click()
    scorer.page.get_by_text("All rows are scored: 20,000.").first.wait_for()


def test_leaving_the_page_while_it_scores_asks_first(scorer: Scorer) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    scorer.page.on("dialog", stay)
    gate = Gate(scorer, passing=1)
    scorer.page.get_by_role("heading", name="Score a file").click()  # Else browsers do not ask.
    scorer.choose("stones.csv", table_of(stones(1000)))
    scorer.page.get_by_text("100 rows are scored").wait_for()
    with scorer.page.expect_event("dialog"):
        scorer.page.close(run_before_unload=True)
    gate.open()
    says = scorer.outcome()
    scorer.page.reload()

    assert says == "All rows are scored: 1,000."
    assert asked == ["beforeunload"]


def test_a_key_is_asked_for_once(open_scorer: OpenScorer, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\n")
    _, scorer = open_scorer(settings=f'api_keys_file = "{tmp_path}/keys"', sources=[COMMA])
    scorer.page.get_by_label("API key").last.fill(KEY)
    scorer.page.get_by_role("button", name="Enter").click()
    says = scorer.score("stones.csv", table_of(stones(500)))

    assert says == "All rows are scored: 500."


def test_a_busy_server_is_waited_for_and_a_proxy_may_want_smaller_bodies(
    made_diamonds: MadeServer, scorer: Scorer
) -> None:
    statuses: list[int] = []

    def handle(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        status = 413 if len(body) > 8000 else 200 if 503 in statuses else 503
        statuses.append(status)
        if status == 200:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"Retry-After": "1"}, body="<h1>no</h1>")

    scorer.page.route("**/predict", handle)
    content = table_of(stones(3000))
    scorer.choose("stones.csv", content)
    waiting = scorer.page.get_by_text("The server is busy. The next try is in 1 s.").inner_text()
    says = scorer.outcome()

    assert waiting
    assert says == "All rows are scored: 3,000."
    assert (statuses.count(503), statuses.count(413) > 0) == (1, True)
    assert scorer.saved("scored").decode() == answer_of(made_diamonds, content)


def test_an_error_of_the_server_is_shown_and_the_rows_before_it_are_kept(
    made_diamonds: MadeServer, scorer: Scorer
) -> None:
    rows = stones(1000)
    gate = Gate(scorer, passing=1)
    scorer.choose("stones.csv", table_of(rows))
    scorer.page.get_by_text("100 rows are scored").wait_for()
    for route in gate.held:
        route.fulfill(status=500, body="{}")
    says = scorer.outcome()

    assert says.startswith("Stopped after line 101.\nLines 102 to ")
    assert says.endswith(": The server answers with status 500.\n100 rows are scored, 0 rejected.")
    assert scorer.saved("scored").decode() == answer_of(made_diamonds, table_of(rows[:100]))


def is_live_in_all_workers(url: str, model: str) -> bool:
    """Return whether each worker reports the model; `/ready` tells about one of them."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    live = [line for line in lines if line.startswith("stagecoach_model_info{")]
    return all(f'id="{model}"' in line for line in live)


def test_the_rows_of_two_models_are_told_apart(open_scorer: OpenScorer) -> None:
    server, scorer = open_scorer(sources=[COMMA])
    gate = Gate(scorer, passing=1)
    rows = stones(1000)
    scorer.choose("stones.csv", table_of(rows))
    scorer.page.get_by_text("100 rows are scored").wait_for()
    first = answer_of(server, table_of(rows[:100]))
    server.publish("diamonds", sources=[COMMA], bias=[5000.0], id="d" * 16)
    until(lambda: is_live_in_all_workers(server.url, "d" * 16))
    gate.open()
    says = scorer.outcome()
    second = answer_of(server, table_of(rows[100:]))

    assert says == "All rows are scored: 1,000."
    assert scorer.table("The model changed during the scoring")[1:] == [
        ["a" * 16, "2 to 101", "100"],
        ["d" * 16, "102 to 1,001", "900"],
    ]
    assert scorer.saved("scored").decode() == first + second.partition("\n")[2]


def test_a_new_model_with_other_columns_ends_the_scoring(open_scorer: OpenScorer) -> None:
    server, scorer = open_scorer(sources=[COMMA])
    gate = Gate(scorer, passing=1)
    scorer.choose("stones.csv", table_of(stones(1000)))
    scorer.page.get_by_text("100 rows are scored").wait_for()
    server.publish("diamonds", sources=[COMMA], interval=0.9, id="d" * 16)
    until(lambda: is_live_in_all_workers(server.url, "d" * 16))
    gate.open()
    says = scorer.outcome()
    scorer.page.get_by_role("button", name="Start again").click()
    scorer.page.get_by_text("All rows are scored: 1,000.").first.wait_for()

    assert says.startswith(
        "Stopped after line 101.\nThe new model dddddddddddddddd adds other columns"
    )
    assert (
        scorer.saved("scored")
        .splitlines()[0]
        .endswith(b"predicted_price,predicted_price_low,predicted_price_high")
    )
