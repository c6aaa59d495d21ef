"""The header row of a sheet, found or set."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from stage_contract import ContractError

from ingest.files.setting_errors import ReaderSettingError
from ingest.settings import Settings
from ingest.workbooks.sheets import Sheet
from ingest.workbooks.table_rows import FilledRows, Header, NumberedRow, cell_text

MAX_HEADER_ROWS = 5
"""Maximum number of rows of a header; a higher merged cell is a title beside the table."""

MAX_ROWS_ABOVE = 1001
"""Maximum number of rows to search; the setting `skip` ends there, too."""


def find_header(rows: Iterable[NumberedRow], sheet: Sheet, name: str, settings: Settings) -> Header:
    """Return the first row with a value in more than half of the used columns.

    With `skip`, it is the first row below that many rows which has a value. A cell that is merged
    with the next column names neither of them. A cell that is merged with the rows below has its
    name there, so the header ends in the last of them.

    Raises:
        ContractError: There is no such row.
    """
    if not settings.header:
        width = max(sheet.columns) - min(sheet.columns) + 1
        return Header([f"column_{position + 1}" for position in range(width)], settings.skip)
    wide = Counter(merged.first_row + 1 for merged in sheet.merged if merged.is_wide)
    filled_rows = FilledRows(sheet)
    last_row = 0
    for number, cells in islice(rows, MAX_ROWS_ABOVE):
        filled_rows.fill(number, cells)
        if number <= settings.skip:
            continue
        filled = sum(cell != "" for cell in cells)
        is_header = filled if settings.skip else 2 * (filled - wide[number]) > len(sheet.columns)
        if is_header and not last_row:
            last_row = max(number, *_last_rows(sheet, number))
        if last_row and number >= last_row:
            return Header(list(map(cell_text, cells)), number)
    if settings.skip:
        raise ContractError(
            f"{name}: sheet '{sheet.name}' has no header below the {settings.skip} rows that skip"
            " leaves out; skip fewer"
        )
    raise ReaderSettingError(
        f"{name}: no row of sheet '{sheet.name}' has a value in more than half of its"
        f" {len(sheet.columns)} columns, so the header was not found; ",
        remedy="set skip to the number of rows above it in [ingest]",
        init_remedy="set SKIP to the number of rows above it",
    )


def _last_rows(sheet: Sheet, number: int) -> list[int]:
    """Return the last rows of the cells that are merged with rows below the header's first."""
    last_rows = [m.last_row + 1 for m in sheet.merged if m.first_row + 1 == number]
    return [0, *(row for row in last_rows if row < number + MAX_HEADER_ROWS)]
