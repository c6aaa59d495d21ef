"""Makes Excel files, without a library."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

type Row = Sequence[str | float]


def workbook(sheets: Mapping[str, Sequence[Row]]) -> bytes:
    """Return an Excel file; all sheets but the first are hidden."""
    names = [*enumerate(sheets, 1)]
    entries = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"{"" if n == 1 else " state='hidden'"}/>'
        for n, name in names
    )
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in names
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n, _ in names
    )
    root = f'<Relationship Id="r" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    main = f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{main}{overrides}</Types>',
        "_rels/.rels": _relationships(root),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{entries}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relationships(relations),
    }
    for number, name in names:
        rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in sheets[name])
        part = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        parts[f"xl/worksheets/sheet{number}.xml"] = part
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for part, text in parts.items():
            file.writestr(part, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return sink.getvalue()


def _relationships(entries: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value!r}</v></c>"
