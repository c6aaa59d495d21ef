"""Makes workbooks for tests."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import openpyxl
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
