"""Makes workbooks for tests."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import openpyxl
import xlwt
from odf import opendocument, style, table, text
from openpyxl.worksheet.worksheet import Worksheet

ROWS = (("day", "price"), ("mon", 1.5), ("tue", 2.5))
"""A small table."""


def xlsx(
    rows: Sequence[Sequence[object]] = ROWS,
    *,
    sheet: str = "Sales",
    others: Mapping[str, Sequence[Sequence[object]]] | None = None,
    change: Callable[[Worksheet], object] = lambda _: None,
) -> bytes:
    """Return a workbook with these rows; `change` may change their sheet."""
    workbook = openpyxl.Workbook()
    first = workbook.active
    first.title = sheet
    for name, cells in {sheet: rows, **(others or {})}.items():
        target = first if name == sheet else workbook.create_sheet(name)
        for row in cells:
            target.append(row)
    change(first)
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def replace_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return the ZIP file with a changed part."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data)
    return sink.getvalue()


def as_columns(rows: Sequence[Sequence[object]]) -> dict[str, list[Any]]:
    """Return rows below a header as columns."""
    header, *below = rows
    return {str(name): [row[place] for row in below] for place, name in enumerate(header)}


def xls(
    rows: Sequence[Sequence[object]] = ROWS,
    *,
    sheet: str = "Sales",
    others: Mapping[str, Sequence[Sequence[object]]] | None = None,
    change: Callable[[xlwt.Workbook], object] = lambda _: None,
) -> bytes:
    """Return an old workbook with these rows."""
    workbook = xlwt.Workbook()
    formats = {dt.date: "YYYY-MM-DD", dt.datetime: "YYYY-MM-DD h:mm:ss", dt.time: "h:mm:ss"}
    styles = {kind: xlwt.easyxf(num_format_str=text) for kind, text in formats.items()}
    for name, cells in {sheet: rows, **(others or {})}.items():
        target = workbook.add_sheet(name)
        for row, values in enumerate(cells):
            for column, value in enumerate(values):
                if value is not None:
                    target.write(row, column, value, styles.get(type(value), xlwt.XFStyle()))
    change(workbook)
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def ods(
    rows: Sequence[Sequence[object]] = ROWS,
    *,
    sheet: str = "Sales",
    others: Mapping[str, Sequence[Sequence[object]]] | None = None,
    hidden: Sequence[str] = (),
) -> bytes:
    """Return an OpenDocument file with these rows; a cell may also be one of `ods_cell`."""
    document = opendocument.OpenDocumentSpreadsheet()
    hiding = style.Style(name="hidden", family="table")
    hiding.addElement(style.TableProperties(display="false"))
    document.automaticstyles.addElement(hiding)
    for name, cells in {sheet: rows, **(others or {})}.items():
        options = {"stylename": hiding} if name in hidden else {}
        target = table.Table(name=name, **options)
        for values in cells:
            row = table.TableRow()
            for value in values:
                is_cell = hasattr(value, "qname")
                row.addElement(value if is_cell else ods_cell(value))
            target.addElement(row)
        document.spreadsheet.addElement(target)
    sink = io.BytesIO()
    document.write(sink)
    return sink.getvalue()


def ods_cell(value: object = None, **attributes: object) -> Any:
    """Return a cell with a value and further attributes, such as numbercolumnsrepeated."""
    kinds: dict[type, dict[str, object]] = {
        str: {"valuetype": "string"},
        bool: {"valuetype": "boolean", "booleanvalue": str(value).lower()},
        int: {"valuetype": "float", "value": value},
        float: {"valuetype": "float", "value": value},
    }
    if isinstance(value, dt.date):
        attributes = {"valuetype": "date", "datevalue": value.isoformat(), **attributes}
    cell = table.TableCell(**{**kinds.get(type(value), {}), **attributes})
    if isinstance(value, str):
        cell.addElement(text.P(text=value))
    return cell
