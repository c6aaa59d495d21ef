"""Excel workbooks: the sheet and the header are found, and cells keep their types."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet
from workbooks import ROWS, as_columns, replace_part, xlsx

type Stage = Any
"""The fixture of conftest.py."""

SHEET = "xl/worksheets/sheet1.xml"
DAY = dt.date(2024, 1, 2)
TIME = dt.datetime(2024, 1, 2, 3, 4, 5, 678_000)


def test_cells_keep_their_types(stage: Stage) -> None:
    rows = [
        ("whole", "decimal", "yes", "day", "moment", "text", "none"),
        (1, 1.5, True, DAY, TIME, "x", None),
        (-2, 2, False, DAY, DAY, "007", None),
        (None, None, None, None, None, None, None),
        (2**53, 1e300, True, dt.date(1900, 1, 1), None, None, None),
    ]

    published = stage.read(xlsx(rows))

    assert published.table.schema == pa.schema(
        [
            ("whole", "int64"),
            ("decimal", "float64"),
            ("yes", "bool"),
            ("day", pa.date32()),
            ("moment", pa.timestamp("us")),
            ("text", "string"),
            ("none", pa.null()),
        ]
    )
    assert published.columns == as_columns([rows[0], rows[1], rows[2], rows[4]]) | {
        "moment": [TIME, dt.datetime(2024, 1, 2), None]
    }
    assert published.source["files"] == [
        {"source": "t.csv", "format": "xlsx", "sheet": "Sales", "header_row": 1}
    ]
    assert "empty rows skipped: 1" in stage.printed()


def test_a_percentage_is_the_stored_fraction(stage: Stage) -> None:
    def as_percentage(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "0 %"

    published = stage.read(xlsx([("a", "share"), ("x", 0.25)], change=as_percentage))

    assert published.columns["share"] == [0.25]


def test_times_and_durations_are_texts_in_iso_form(stage: Stage) -> None:
    rows = [
        ("time", "duration"),
        (dt.time(13, 45), dt.timedelta(hours=36, minutes=5)),
        (dt.time(0, 0, 1), dt.timedelta(seconds=1, milliseconds=500)),
    ]

    assert stage.read(xlsx(rows)).columns == {
        "time": ["13:45:00", "00:00:01"],
        "duration": ["PT36H05M00S", "PT0H00M01.5S"],
    }


def test_a_column_of_several_kinds_becomes_texts_and_names_the_rarest(stage: Stage) -> None:
    rows = [("id", "price"), (1, 12), (2, 1.5), (3, "n/a"), (4, True), (5, 7)]

    assert stage.read(xlsx(rows)).columns["price"] == ["12", "1.5", "n/a", "true", "7"]
    assert (
        "t.csv: column 'price' has cells of several kinds (numbers: 3, texts: 1, booleans: 1), so"
        " all become texts; the first cell of the rarest kind is Sales!B5"
    ) in stage.printed()


def test_dates_count_from_1904_if_the_workbook_says_so(stage: Stage) -> None:
    def count_from_1904(sheet: Worksheet) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904

    content = xlsx([("id", "day"), (1, DAY)], change=count_from_1904)

    assert stage.read(content).columns["day"] == [DAY]
    assert "t.csv: dates count from 1904, as the workbook says" in stage.printed()


def test_the_header_is_below_a_title_and_right_of_empty_columns(stage: Stage) -> None:
    def move(sheet: Worksheet) -> None:
        sheet.move_range("A1:B3", rows=4, cols=2)
        sheet["C1"] = "Sales of the week"
        sheet["C2"] = 2024

    published = stage.read(xlsx(change=move))

    assert published.columns == as_columns(ROWS)
    assert "t.csv: sheet 'Sales', header in row 5, columns C to D" in stage.printed()
    assert published.source["files"][0]["header_row"] == 5


def test_skip_says_which_rows_are_above_the_header(stage: Stage) -> None:
    rows = [("a", "b"), ("c", "d"), (None, None), ("day", "price"), ("mon", 1.5)]

    assert stage.read(xlsx(rows), "skip = 2").columns == {"day": ["mon"], "price": [1.5]}


def test_without_a_header_columns_are_numbered(stage: Stage) -> None:
    published = stage.read(xlsx([(1, 2.5), (3, 4.5)]), "header = false")

    assert published.columns == {"column_1": [1, 3], "column_2": [2.5, 4.5]}
    assert "header_row" not in published.source["files"][0]


def test_numbers_in_the_header_are_reported(stage: Stage) -> None:
    stage.read(xlsx([(1, 2.5), (3, 4.5)]))

    assert "row 1 of sheet 'Sales', which is read as the header, has numbers" in stage.printed()


def test_a_column_without_name_and_value_is_left_out_and_others_are_numbered(stage: Stage) -> None:
    rows = [(None, None, "a", "b"), (0, None, "x", None), (1, None, "y", None)]

    assert stage.read(xlsx(rows)).columns == {
        "column_1": [0, 1],
        "a": ["x", "y"],
        "b": [None, None],
    }


def test_vertically_merged_cells_are_filled_down(stage: Stage) -> None:
    rows = [("region", "shop", "n"), ("north", "a", 1), (None, "b", 2), ("south", "c", 3)]

    published = stage.read(xlsx(rows, change=lambda sheet: sheet.merge_cells("A2:A3")))

    assert published.columns["region"] == ["north", "north", "south"]
    said = "t.csv: cells filled with the value of the merged cell above: 1, from Sales!A3 on"
    assert said in stage.printed()


def test_merged_cells_above_the_columns_are_no_header(stage: Stage) -> None:
    rows = [
        ("shop", "region", "2024", None, "2025", None),
        (None, None, "cost", "price", "cost", "price"),
        ("a", "north", 1, 2, 3, 4),
    ]

    def merge(sheet: Worksheet) -> None:
        for cells in ("A1:A2", "B1:B2", "C1:D1", "E1:F1"):
            sheet.merge_cells(cells)

    published = stage.read(xlsx(rows, change=merge))

    assert list(published.columns) == ["shop", "region", "cost", "price", "cost_2", "price_2"]
    assert published.table.num_rows == 1


def test_titles_and_repeated_headers_are_rejected_with_their_rows_of_the_sheet(
    stage: Stage,
) -> None:
    rows = [
        (None,),
        ("day", "shop", "price"),
        ("Week 1", None, None),
        ("mon", "a", 1.5),
        (None, None, None),
        ("day", "shop", "price"),
        ("tue", "b", 2.5),
    ]

    published = stage.read(xlsx(rows, change=lambda sheet: sheet.merge_cells("A3:C3")))

    assert published.columns == {"day": ["mon", "tue"], "shop": ["a", "b"], "price": [1.5, 2.5]}
    assert published.rejects == [
        {
            "row": 3,
            "reason": "malformed line",
            "file": "t.csv",
            "value": "the merged cells A3:C3",
            "expected": "one cell a column",
            "record": "Week 1,,",
        },
        {
            "row": 6,
            "reason": "malformed line",
            "file": "t.csv",
            "value": "the header again",
            "expected": "a row of the table",
            "record": "day,shop,price",
        },
    ]


def test_errors_are_missing_and_counted(stage: Stage) -> None:
    rows = [("id", "price"), (1, 1.5), (2, "#N/A"), (3, "#DIV/0!")]

    assert stage.read(xlsx(rows)).columns["price"] == [1.5, None, None]
    assert (
        "t.csv: cells of sheet 'Sales' with an error, which are read as missing: 2, the first is"
        " B3 (#N/A)"
    ) in stage.printed()


def test_a_formula_is_its_stored_value(stage: Stage) -> None:
    content = xlsx([("id", "price"), (1, "=1+1")])
    content = replace_part(content, SHEET, lambda data: data.replace(b"<v />", b"<v>2</v>"))

    assert stage.read(content).columns["price"] == [2]


def test_a_formula_without_a_stored_value_is_refused(stage: Stage) -> None:
    why = stage.refuse(xlsx([("id", "price"), (1, 2), (2, "=B2+1")]))

    assert why == (
        "t.csv: the formula in Sales!B3 has no stored value; open the workbook in a spreadsheet"
        " program, which computes it, and save it"
    )


def test_one_of_several_sheets_must_be_named(stage: Stage) -> None:
    content = xlsx(others={"Old": [("a", "b", "c"), (1, 2, 3)], "Empty": []})

    assert stage.refuse(content) == (
        "t.csv: 2 sheets have cells: 'Sales' (3 × 2), 'Old' (2 × 3); set the one to read, for"
        ' example sheet = "Sales" in [ingest]'
    )
    assert stage.read(content, 'sheet = "Old"').columns == {"a": [1], "b": [2], "c": [3]}


def test_the_example_names_the_sheet_with_the_most_cells(stage: Stage) -> None:
    content = xlsx(others={"Old": [("a", "b", "c"), (1, 2, 3), (4, 5, 6)]})

    assert stage.refuse(content).endswith('for example sheet = "Old" in [ingest]')


def test_an_unknown_sheet_is_refused_with_the_closest_name(stage: Stage) -> None:
    stage.provide(xlsx())

    assert stage.failure('sheet = "sale"', exit_code=78) == (
        "sheet = 'sale': no such sheet in t.csv; did you mean Sales?"
    )


def test_a_hidden_sheet_is_read_only_if_it_is_named(stage: Stage) -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.parent["Codes"].sheet_state = "veryHidden"

    content = xlsx(others={"Codes": [("a",), (1,)]}, change=hide)

    assert stage.read(content).columns == as_columns(ROWS)
    assert "t.csv: hidden sheets are not read: Codes" in stage.printed()
    assert stage.read(content, 'sheet = "Codes"').columns == {"a": [1]}


def test_the_only_table_in_a_hidden_sheet_is_not_read(stage: Stage) -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.sheet_state = "hidden"

    content = xlsx(others={"Empty": []}, change=hide)

    assert stage.refuse(content) == (
        "t.csv: only hidden sheets may have cells; unhide the sheet of the table, or set it,"
        ' for example sheet = "Sales" in [ingest]'
    )


@pytest.mark.parametrize(
    ("rows", "settings", "why"),
    [
        ([], "", "no sheet has cells; expected a table"),
        ([], 'sheet = "Sales"', "sheet 'Sales' is empty; expected a table"),
        ([("a", "b")], "", "no rows; expected a table"),
        (
            [("a", "b"), (1, 2)],
            "skip = 9",
            "sheet 'Sales' has no header below the 9 rows that skip leaves out; skip fewer",
        ),
        (
            [("a",), (None, 1), (None, None, 2)],
            "",
            (
                "no row of sheet 'Sales' has a value in more than half of its 3 columns, so the"
                " header was not found; set skip to the number of rows above it in [ingest]"
            ),
        ),
    ],
)
def test_a_sheet_without_a_table_is_refused(
    stage: Stage, rows: list[Any], settings: str, why: str
) -> None:
    assert stage.refuse(xlsx(rows), settings) == f"t.csv: {why}"


def test_many_workbooks_are_one_table(stage: Stage) -> None:
    stage.provide(xlsx([("id", "price", "note"), (1, 2, None)]), "sales/1.xlsx")
    stage.provide(xlsx([("price", "id", "note"), (2.5, 2, "x")], sheet="Any"), "sales/2.XLSX")
    stage.provide(b"user", "sales/~$1.xlsx")

    assert stage.run('source = "sales"') == 0, stage.printed()
    assert stage.latest().columns == {"id": [1, 2], "price": [2, 2.5], "note": [None, "x"]}
    assert stage.run('source = "sales/*.[xX]*"') == 0, stage.printed()


def test_equal_workbooks_give_equal_bytes(stage: Stage) -> None:
    first = stage.read(xlsx()).artifact.id
    assert stage.run("", "--force") == 0, stage.printed()

    assert stage.latest().artifact.id == first


def test_batches_split_a_large_sheet(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.workbooks.workbook_files.BATCH_CELLS", 40)
    rows = [("id", "text"), *((number, f"text {number}") for number in range(95))]

    assert stage.read(xlsx(rows)).columns == as_columns(rows)
