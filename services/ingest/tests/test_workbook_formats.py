"""What .xls and .ods have in common with .xlsx, and what only they have."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
import xlwt
from odf import text
from workbooks import ROWS, as_columns, ods, ods_cell, replace_part, xls, xlsx

type Stage = Any
"""The fixture of conftest.py."""
type Make = Callable[..., bytes]

DAY, TIME = dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 3, 4, 5)
OTHERS = {"Codes": [("a", "b", "c"), (1, 2, 3)]}


def ods_with_error(value: str, **attributes: object) -> Any:
    """Return a formula that LibreOffice stores with the value 0 and an error as its text."""
    cell = ods_cell(0.0, formula="of:=1/0", **attributes)
    cell.addElement(text.P(text=value))
    return cell


@pytest.mark.parametrize("make", [xlsx, xls, ods])
def test_cells_keep_their_types(stage: Stage, make: Make) -> None:
    rows = [
        ("whole", "decimal", "yes", "day", "moment", "text"),
        (1, 1.5, True, DAY, TIME, "x"),
        (-2, 2.0, False, DAY, TIME, "007"),
        (2**31, 3.0, True, DAY, None, None),
    ]

    published = stage.read(make(rows))

    assert published.columns == as_columns(rows)
    assert published.table.schema.types == [
        *(pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.string())
    ]
    assert published.source["files"] == [
        {"source": "t.csv", "format": make.__name__, "sheet": "Sales", "header_row": 1}
    ]


@pytest.mark.parametrize("make", [xlsx, xls, ods])
@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.ods"])
def test_a_workbook_is_recognized_whatever_it_is_called(
    stage: Stage, make: Make, name: str
) -> None:
    stage.provide(make(), name)

    assert stage.run(f'source = "{name}"') == 0, stage.printed()
    assert stage.latest().columns == as_columns(ROWS)


@pytest.mark.parametrize("make", [xlsx, xls, ods])
def test_one_of_several_sheets_must_be_named(stage: Stage, make: Make) -> None:
    content = make(others={**OTHERS, "Empty": []})

    assert stage.refuse(content) == (
        "t.csv: 2 sheets have cells: 'Sales' (3 × 2), 'Codes' (2 × 3); set the one to read, for"
        ' example sheet = "Sales" in [ingest]'
    )
    assert stage.read(content, 'sheet = "Codes"').columns == {"a": [1], "b": [2], "c": [3]}


def hide_codes(workbook: xlwt.Workbook) -> None:
    workbook.get_sheet("Codes").visibility = 1


@pytest.mark.parametrize(
    "content",
    [xls(others=OTHERS, change=hide_codes), ods(others=OTHERS, hidden=["Codes"])],
    ids=["xls", "ods"],
)
def test_a_hidden_sheet_is_read_only_if_it_is_named(stage: Stage, content: bytes) -> None:
    assert stage.read(content).columns == as_columns(ROWS)
    assert "t.csv: hidden sheets are not read: Codes" in stage.printed()
    assert stage.read(content, 'sheet = "Codes"').columns == {"a": [1], "b": [2], "c": [3]}


def merge_region(workbook: xlwt.Workbook) -> None:
    workbook.get_sheet("Sales").merge(1, 2, 0, 0)


MERGED = [
    ("region", "n"),
    (ods_cell("north", numberrowsspanned=2), 1),
    (None, 2),
    ("south", 3),
]


@pytest.mark.parametrize(
    "content",
    [
        xls([("region", "n"), ("north", 1), (None, 2), ("south", 3)], change=merge_region),
        ods(MERGED),
    ],
    ids=["xls", "ods"],
)
def test_vertically_merged_cells_are_filled_down(stage: Stage, content: bytes) -> None:
    assert stage.read(content).columns == {"region": ["north", "north", "south"], "n": [1, 2, 3]}


def add_errors(workbook: xlwt.Workbook) -> None:
    sheet = workbook.get_sheet("Sales")
    sheet.row(2).set_cell_error(1, "#DIV/0!")
    sheet.write(3, 0, 3)
    sheet.row(3).set_cell_error(1, "#N/A!")


@pytest.mark.parametrize(
    "content",
    [
        xls([("a", "b"), (1, 1.5), (2, None)], change=add_errors),
        ods(
            [
                ("a", "b"),
                (1, 1.5),
                (2, ods_with_error("#DIV/0!")),
                (3, ods_with_error("Err:502")),
            ]
        ),
    ],
    ids=["xls", "ods"],
)
def test_errors_are_missing_and_counted(stage: Stage, content: bytes) -> None:
    assert stage.read(content).columns == {"a": [1, 2, 3], "b": [1.5, None, None]}
    assert "which are read as missing: 2, the first is B3 (#DIV/0!)" in stage.printed()


def test_repeated_cells_and_rows_of_an_ods_are_counted(stage: Stage) -> None:
    rows = [
        (ods_cell(numbercolumnsrepeated=2), "a", "b", "c"),
        (ods_cell(numbercolumnsrepeated=2), ods_cell(1, numbercolumnsrepeated=3)),
        (ods_cell(numbercolumnsrepeated=16_000),),
        (ods_cell(numbercolumnsrepeated=2), 2, ods_with_error("#N/A", numbercolumnsrepeated=2)),
    ]

    published = stage.read(ods(rows))

    assert published.columns == {"a": [1, 2], "b": [1, None], "c": [1, None]}
    assert "the first is D4 (#N/A)" in stage.printed()


def test_a_formula_of_an_ods_without_a_stored_value_is_refused(stage: Stage) -> None:
    why = stage.refuse(ods([("a", "b"), (1, ods_cell(formula="of:=[.A2]+1"))]))

    assert why.startswith("t.csv: the formula in Sales!B2 has no stored value; open the workbook")


def test_a_formula_of_an_xls_without_a_value_is_reported(stage: Stage) -> None:
    content = xls([("a", "b"), (1, "x"), (2, xlwt.Formula("A2+1"))])

    assert stage.read(content).columns["b"] == ["x", None]
    assert (
        "t.csv: formulas of sheet 'Sales' without a stored value, or with an empty text: 1, the"
        " first is B3; if it should have a value, open the workbook in a spreadsheet program and"
    ) in stage.printed()


def test_an_xls_that_counts_from_1904_is_read_so(stage: Stage) -> None:
    def count_from_1904(workbook: xlwt.Workbook) -> None:
        workbook.dates_1904 = True

    stage.read(xls(change=count_from_1904))

    assert "t.csv: dates count from 1904, as the workbook says" in stage.printed()


def test_a_comment_is_not_the_text_of_a_cell(stage: Stage) -> None:
    def comment(data: bytes) -> bytes:
        note = b"<office:annotation><text:p>#N/A</text:p></office:annotation>"
        return data.replace(b"<text:p>mon", note + b"<text:p>mon")

    content = replace_part(ods(), "content.xml", comment)

    assert stage.read(content).columns == as_columns(ROWS)


def test_an_ods_of_repeated_cells_is_refused_before_it_is_loaded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs: list[int] = []
    monkeypatch.setattr(
        "ingest.workbooks.workbook_files.require_memory", lambda need, **_: needs.append(need)
    )
    monkeypatch.setattr("ingest.workbooks.workbook_files.CalamineWorkbook", None)
    row = b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell'
    content = replace_part(
        ods([("a",), (ods_cell(1, numbercolumnsrepeated=1000),)]),
        "content.xml",
        lambda data: row.join(data.rsplit(b"<table:table-row><table:table-cell", 1)),
    )
    stage.provide(content)

    with pytest.raises(AttributeError):
        stage.run()
    assert needs[-1] > 72_000_000_000
