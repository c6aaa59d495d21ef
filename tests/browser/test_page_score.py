"""The view that scores a file, as its users see it; its results are those of the API."""

import codecs
import csv
import gzip
import io
import json
import random
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.browsing import LOOKS, Visit
from support.made_server import MadeServer
from support.running import ROOT, Pipeline
from support.score_view import HEADER, OpenScorer, Scorer, answer_of, cells_of, stones, table_of

MAX_TASK_MILLISECONDS = 1000
"""Maximum time that the page does not react, with room for a busy machine."""

DROP = """([target, text, name]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name));
    for (const type of ["dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
    }
}"""


def test_a_hundred_thousand_rows_are_scored_as_make_score_does_without_freezing(
    diamonds: Pipeline, visit: Visit
) -> None:
    header, *rows = (ROOT / "data/diamonds.csv").read_text().splitlines()
    content = table_of([*rows, *rows], f"{header}\n")
    diamonds.provide("many.csv", content)
    expected = diamonds.score(IN="many.csv", OUT="many.csv")
    scored = (diamonds.folder / "out/many.csv").read_text()
    rejects = (diamonds.folder / "out/many.csv.rejects.jsonl").read_text().splitlines()
    scorer = Scorer(visit(f"{diamonds.url}/#score"))
    says = scorer.score("diamonds.csv", content)
    longest_task = scorer.longest_task  # Reading the results blocks the page, too.
    rejected = cells_of(scorer.saved("rejected").decode())[1:]

    assert expected.returncode == 0, expected.stdout + expected.stderr
    assert f"{len(rejects):,} rejected" in says
    # The page keeps the quotes of the file.
    assert cells_of(scorer.saved("scored").decode()) == cells_of(scored)
    assert len(rejects) > 0
    assert [
        [int(row), column, value, expected] for _, row, column, value, expected in rejected
    ] == [
        [line["row"], line["column"], line["value"], line["expected"]]
        for line in map(json.loads, rejects)
    ]
    assert longest_task < MAX_TASK_MILLISECONDS
    assert scorer.complaints == []


def test_rows_come_back_byte_for_byte_with_the_numbers_of_the_api(
    made_diamonds: MadeServer, scorer: Scorer
) -> None:
    rows = [
        '1,"Ideal",60,"a\r\nb"',
        ' 2 ,Good,,"say ""x"", y"',
        "",
        "3,Fair,61.5,=1+1",
        "4,Good,1,",
    ]
    content = "\r\n".join([HEADER.strip(), *rows])
    says = scorer.score("stones.csv", codecs.BOM_UTF8 + content.encode())
    saved = scorer.saved("scored")
    expected = cells_of(answer_of(made_diamonds, content))
    lines = [HEADER.strip(), *filter(None, rows)]

    assert says == "All rows are scored: 4."
    assert saved.startswith(codecs.BOM_UTF8)
    assert cells_of(saved.decode("utf-8-sig")) == expected
    assert saved.decode("utf-8-sig") == "".join(
        f"{line},{cells[-1]}\r\n" for line, cells in zip(lines, expected, strict=True)
    )
    assert [cells[:3] for cells in scorer.table("The first scored rows")][:3] == [
        ["line", "predicted_price", "carat"],
        ["2", expected[1][-1], "1"],
        ["4", expected[2][-1], "2"],
    ]


EUROPEAN = {
    "sources": [
        {"encoding": "cp1252", "dialect": {"delimiter": ";", "header": True, "commentRows": [1]}}
    ],
    "fields": [
        {
            "name": name,
            "type": "number",
            "input": {"group": "numbers", "index": index},
            "observed": {"rows": 9, "missing": 0},
            "decimalChar": ",",
        }
        for index, name in enumerate(["carat", "tiefe"])
    ],
    "ignored": ["größe"],
    "strings": [],
    "rows": [{"carat": 1, "tiefe": 2}],
}


def test_a_table_is_read_as_the_source_and_written_as_it_was(open_scorer: OpenScorer) -> None:
    server, scorer = open_scorer(**EUROPEAN)
    content = "Export of today; x\r\ncarat;tiefe;größe\r\n1,5;2;fünf €\r\n2;61,5;\r\n".encode(
        "cp1252"
    )
    says = scorer.score("steine.csv", content)
    expected = cells_of(answer_of(server, content))
    saved = scorer.saved("scored").decode("cp1252")
    scorer.page.locator("#score summary").click()
    scorer.page.get_by_label("Predictions with").select_option(label="decimal comma")
    scorer.page.get_by_role("button", name="Score again").click()
    scorer.page.get_by_role("link", name="scored rows").wait_for()
    with_commas = scorer.saved("scored").decode("cp1252")

    assert says == "All rows are scored: 2."
    assert saved.startswith("Export of today; x\r\ncarat;tiefe;größe;predicted_price\r\n1,5;")
    assert cells_of(saved, ";")[1:] == expected
    assert with_commas == saved.replace("1502.", "1502,").replace("2061.", "2061,")
    assert with_commas != saved
    assert scorer.complaints == []


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        ("carat;cut;id\r\n1;Ideal;äß€\r\n2;Good;😀\r\n", "utf-16", ";"),
        ("\ufeffcarat\tcut\tid\n1\tIdeal\täß€\n2\tGood\t😀\n", "utf-16-be", "\t"),
        ("carat|cut|id\r1|Ideal|ä\r2|Good|\r", "utf-8", "|"),
        ("sep=;\ncarat;cut;id\n1;Ideal;ä\n2;Good;,\n", "utf-8", ";"),
    ],
    ids=["utf-16", "utf-16-be", "carriage returns", "sep"],
)
def test_the_header_decides_the_dialect_and_a_mark_the_encoding(
    made_diamonds: MadeServer, scorer: Scorer, content: str, encoding: str, delimiter: str
) -> None:
    body = content.encode(encoding)
    says = scorer.score("stones.csv", body)
    saved = scorer.saved("scored").decode(encoding).removeprefix("\ufeff").removeprefix("sep=;\n")

    assert says == "All rows are scored: 2."
    assert cells_of(saved, delimiter) == cells_of(answer_of(made_diamonds, body))


def test_a_table_without_a_header_is_scored_if_the_source_has_none(open_scorer: OpenScorer) -> None:
    fields = [
        {
            "name": f"column_{place + 1}",
            "type": "number",
            "input": {"group": "numbers", "index": place},
        }
        for place in range(2)
    ]
    dialect = {"delimiter": " ", "quoteChar": "'", "escapeChar": "\\", "header": False}
    server, scorer = open_scorer(
        fields=fields,
        strings=[],
        ignored=["column_3"],
        rows=[{"column_1": 1}],
        sources=[{"encoding": "utf-8", "dialect": dialect}],
    )
    content = "1 2 'a b'\n2 3 c\\ d\n3 4 'it''s'"
    says = scorer.score("stones.txt", content)
    predictions = [cells[-1] for cells in cells_of(answer_of(server, content))]

    assert says == "All rows are scored: 3."
    assert scorer.saved("scored").decode() == "".join(
        f"{line} {number}\n" for line, number in zip(content.split("\n"), predictions, strict=True)
    )
    assert scorer.table("The first scored rows")[0][:3] == ["line", "prediction 1", "column 1"]


def test_a_file_in_the_format_of_any_source_file_is_scored(open_scorer: OpenScorer) -> None:
    dialects = [
        {"delimiter": ","},
        {"delimiter": "~", "quoteChar": "'", "commentRows": [1]},
    ]
    sources = [{"encoding": "utf-8", "dialect": dialect} for dialect in dialects]
    _, scorer = open_scorer(sources=sources)
    lines = ["carat~cut~depth", "1~'Good'~60", "2~'Ideal'~61"]

    assert scorer.score("second.csv", "exported today\n" + "\n".join(lines)) == (
        "All rows are scored: 2."
    )
    assert scorer.score("first.csv", "\n".join(lines).replace("~", ",").replace("'", "")) == (
        "All rows are scored: 2."
    )
    expect(scorer.page.get_by_label("Delimiter").locator("option")).to_have_count(5)


def test_two_other_encodings_of_the_source_are_asked_for(open_scorer: OpenScorer) -> None:
    sources = [{"encoding": name, "dialect": {"delimiter": ","}} for name in ("cp1252", "cp1251")]
    _, scorer = open_scorer(sources=sources)
    says = scorer.score("stones.csv", "carat,cut,depth,id\n1,Good,60,\u00e9\n".encode("cp1252"))

    assert says.startswith("The encoding is a guess")


def test_names_of_columns_are_text_and_two_hundred_are_too_many_to_show(
    open_scorer: OpenScorer,
) -> None:
    names = ["<b>bold</b>", 'say "x", y', "💎", "مرحبا", "=1+1", *map(str, range(195))]
    field = {"type": "number", "observed": {"rows": 9, "missing": 0}}
    fields = [
        field | {"name": name, "input": {"group": "numbers", "index": index}}
        for index, name in enumerate(names[:2])
    ]
    server, scorer = open_scorer(
        fields=fields, strings=[], ignored=names[2:], rows=[dict.fromkeys(names[:2], 1)]
    )
    text = io.StringIO()
    csv.writer(text).writerows([names, range(200), ["1", "2", "<i>", *[""] * 197]])
    says = scorer.score("wide.csv", text.getvalue())
    title = "The first scored rows, 50 of 200 columns"

    assert says == "All rows are scored: 2."
    assert cells_of(scorer.saved("scored").decode()) == cells_of(answer_of(server, text.getvalue()))
    assert scorer.table(title)[0] == ["line", "predicted_price", *names[:50]]
    assert scorer.table(title)[2][2:5] == ["1", "2", "<i>"]
    assert scorer.complaints == []


def test_classes_are_quoted_where_the_dialect_needs_it(open_scorer: OpenScorer) -> None:
    server, scorer = open_scorer("penguins", classes=["A;b", "c", 'G"'])
    content = "bill;year;island\n1;2007;Biscoe\n20;;Dream\n"
    scorer.score("penguins.csv", content)

    assert cells_of(scorer.saved("scored").decode(), ";") == cells_of(answer_of(server, content))


def test_a_compressed_file_is_unpacked(made_diamonds: MadeServer, scorer: Scorer) -> None:
    content = table_of(stones(3000))
    says = scorer.score("stones.csv.gz", gzip.compress(content.encode()))

    assert says == "All rows are scored: 3,000."
    assert scorer.saved("scored").decode() == answer_of(made_diamonds, content)
    link = scorer.page.get_by_role("link", name="scored rows")
    assert link.get_attribute("download") == "stones.scored.csv"


def test_rejected_rows_are_listed_with_their_lines_and_counted_by_reason(
    made_diamonds: MadeServer, scorer: Scorer
) -> None:
    rows = stones(3000)
    for place in range(0, 3000, 7):
        rows[place] = f"x,Ideal,1,{place}"
    rows[10] = '1,Ideal,1,"two\nlines"'
    rows[13], rows[15] = "1,Ideal", "-1,,1,15"
    wrong = {*range(0, 3000, 7), 13, 15}
    right = [row for place, row in enumerate(rows) if place not in wrong]
    says = scorer.score("stones.csv", table_of(rows))
    rejected = cells_of(scorer.saved("rejected").decode())
    reasons = scorer.table(f"Why {len(wrong)} rows are rejected")

    assert says == f"{len(right):,} rows are scored, {len(wrong)} rejected."
    assert scorer.saved("scored").decode() == answer_of(made_diamonds, table_of(right))
    assert rejected[0] == ["line", "row", "column", "value", "expected"]
    assert [int(row) - 1 for _, row, *_ in rejected[1:]] == sorted(wrong)
    assert rejected[1:5] == [
        ["2", "1", "carat", "x", "a number"],
        ["9", "8", "carat", "x", "a number"],
        ["16", "14", "", "2 cells", "4 cells as in the header"],
        ["17", "15", "carat", "x", "a number"],
    ]
    assert ["18", "16", "carat", "-1", "more than 0"] in rejected
    assert reasons[:2] == [
        ["column", "expected", "rows", "first line"],
        ["carat", "a number", "429", "2"],
    ]
    assert scorer.complaints == []


def test_an_unknown_encoding_is_asked_for_with_lines_to_judge_by(scorer: Scorer) -> None:
    content = "carat,cut,id\n1,Ideal,plain\n2,Good,Größe\n".encode("cp1252")
    scorer.choose("stones.csv", content)
    asks = scorer.outcome()
    sample = scorer.page.locator("#score pre").inner_text()
    asked_before = scorer.requests
    scorer.page.get_by_role("button", name="Score").click()
    scorer.page.get_by_role("link", name="scored rows").wait_for()

    assert asks.startswith("The encoding is a guess: cp1252.")
    assert (sample, asked_before) == ("2,Good,Größe", 0)
    assert scorer.saved("scored").splitlines()[2] == "2,Good,Größe,2020.5".encode("cp1252")


def test_a_delimiter_can_be_chosen(scorer: Scorer) -> None:
    says = scorer.score("stones.csv", "carat*cut\n1*Ideal\n")
    refused = scorer.requests
    scorer.page.get_by_label("Delimiter").select_option(label="tab")
    scorer.page.get_by_role("button", name="Score again").click()
    again = scorer.outcome()

    assert says.startswith("The API rejects this table.\ncarat*cut: expected a column")
    assert again == says
    assert scorer.requests == refused + 1


def test_a_file_can_be_dropped_or_chosen_with_the_keyboard(scorer: Scorer) -> None:
    # Choosers are caught as soon as the browser knows of a listener.
    scorer.page.on("filechooser", lambda _chooser: None)
    view = scorer.page.locator("#score").element_handle()
    scorer.page.evaluate(DROP, [view, "carat,cut\n1,Ideal\n", "dropped.csv"])
    dropped = scorer.outcome()
    scorer.page.locator("header nav a").last.focus()
    scorer.page.keyboard.press("Tab")
    with scorer.page.expect_file_chooser():
        scorer.page.keyboard.press("Enter")

    assert dropped == "All rows are scored: 1."
    assert scorer.page.locator("#score summary").inner_text().startswith("dropped.csv: 18 bytes")


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS, ids=["desktop-light", "phone-dark"])
def test_the_result_can_be_read_by_everybody(
    made_diamonds: MadeServer, visit: Visit, scheme: str, viewport: Any
) -> None:
    scorer = Scorer(visit(f"{made_diamonds.url}/#score", viewport, scheme, may_run=True))
    rows = [*stones(50), "x,Good,1,2"]
    says = scorer.score("stones.csv", table_of(rows))
    status = scorer.page.locator("#score [role=status]").inner_text()
    width = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll_width, client_width = scorer.page.evaluate(width)
    violations = Axe().run(scorer.page).response["violations"]

    assert status == says == "50 rows are scored, 1 rejected."
    assert scroll_width == client_width
    assert [(each["id"], each["nodes"][0]["target"]) for each in violations] == []


SPLIT = """async (cases) => {
    const { RecordReader } = await import("./page/assets/csv.js");
    const { Encoding, FileError } = await import("./page/assets/encodings.js");
    const results = [];
    for (const { text, encoding: name, dialect, sizes } of cases) {
        const encoding = new Encoding(name);
        const bytes = encoding.encode(text);
        const chunks = [];
        for (let place = 0, turn = 0; place < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length];
            chunks.push(bytes.slice(place, place + size));
            place += size;
        }
        const stream = () => ({ next: async () => chunks.shift() ?? null, close() {} });
        const format = { encoding, dialect, end: 0, line: 1 };
        const reader = new RecordReader({ isGzip: false, stream }, format, 1e6);
        const rows = [];
        let failed = false;
        try {
            for (;;) {
                const records = await reader.read({ maxRows: sizes[0], maxBytes: 20 });
                if (records.length === 0) break;
                rows.push(...records.map(({ line, cells, bytes: own, length }) => ({
                    line, cells, text: encoding.decode(own.subarray(0, length)),
                })));
            }
        } catch (error) {
            if (!(error instanceof FileError)) throw error;
            failed = true;
        }
        results.push({ rows, failed });
    }
    return results;
}"""
DIALECTS = [
    {"delimiter": delimiter, "quoteChar": quote, "escapeChar": escape}
    for delimiter in ",;\t"
    for quote in ('"', "'", "")
    for escape in ("", "\\")
]


def read_by_python(text: str, dialect: dict[str, str]) -> tuple[list[tuple[int, int]], bool]:
    """Return line and number of cells of each row, and whether a quote is wrong."""
    quote = dialect["quoteChar"]
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect["delimiter"],
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=dialect["escapeChar"] or None,
        strict=True,
    )
    rows: list[tuple[int, int]] = []
    line = 1
    try:
        for cells in reader:
            if cells:
                rows.append((line, len(cells)))
            line = reader.line_num + 1
    except csv.Error:
        return rows, True
    return rows, False


def test_records_are_split_as_python_does_whatever_the_chunks(scorer: Scorer) -> None:
    draw = random.Random(7)  # noqa: S311  # the same records every time
    cases: list[dict[str, Any]] = []
    for _ in range(3000):
        dialect = draw.choice(DIALECTS)
        parts = [*dialect.values(), *dialect.values(), "\n", "\r", "\r\n", "a", " ", "é", "😀"]
        text = "".join(draw.choices(parts, k=draw.randint(0, 30)))
        sizes = [draw.randint(1, 7) for _ in range(5)]
        encoding = draw.choice(["utf-8", "utf-16-le", "utf-16-be"])
        # Python has no row for an escape character, or an escaped line end, at the end of a file.
        text += "" if not dialect["escapeChar"] else "a\n"
        cases.append({"text": text, "encoding": encoding, "dialect": dialect, "sizes": sizes})
    results = scorer.page.evaluate(SPLIT, cases)

    failures = 0
    for case, found in zip(cases, results, strict=True):
        rows, is_wrong = read_by_python(case["text"], case["dialect"])
        split = [(row["line"], row["cells"]) for row in found["rows"]]
        assert (split, found["failed"]) == (rows, is_wrong), case
        assert all(row["text"] in case["text"] for row in found["rows"])
        failures += is_wrong
    assert 100 < failures < 2000
