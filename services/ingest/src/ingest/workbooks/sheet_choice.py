"""The choice of the sheet that holds the table."""

import json
from collections.abc import Sequence
from shlex import quote

from stage_contract import LOGGER, ContractError, SettingsError, did_you_mean

from ingest.files.setting_errors import ReaderSettingError
from ingest.workbooks.sheets import Sheet, Workbook

MAX_SHOWN_SHEETS = 20


def choose_sheet(workbook: Workbook, name: str, setting: str | None) -> Sheet:
    """Return the sheet that the setting names, or the only visible one that has cells.

    Raises:
        SettingsError: No sheet has this name.
        ContractError: There is no such sheet, or several of them.
    """
    sheet = _find(workbook, name, setting) if setting else _only_visible(workbook, name)
    if sheet.formula_without_value:
        raise ContractError(
            f"{name}: the formula in {sheet.name}!{sheet.formula_without_value} has no stored"
            " value; open the workbook in a spreadsheet program, which computes it, and save it"
        )
    if not sheet.cells:
        raise ContractError(f"{name}: sheet '{sheet.name}' is empty; expected a table")
    _warn(sheet, name)
    return sheet


def _warn(sheet: Sheet, name: str) -> None:
    if sheet.errors:
        LOGGER.warning(
            "%s: cells of sheet '%s' with an error, which are read as missing: %s, the first is %s",
            *(name, sheet.name, f"{sheet.errors:,}", sheet.first_error),
        )
    if sheet.empty_formulas:
        LOGGER.warning(
            "%s: formulas of sheet '%s' without a stored value, or with an empty text: %s, the"
            " first is %s; if it should have a value, open the workbook in a spreadsheet program"
            " and save it",
            *(name, sheet.name, f"{sheet.empty_formulas:,}", sheet.first_empty_formula),
        )


def _find(workbook: Workbook, name: str, setting: str) -> Sheet:
    sheets = {sheet.name: sheet for sheet in workbook.sheets}
    if setting not in sheets:
        raise SettingsError(
            f"sheet = '{setting}': no such sheet in {name}{did_you_mean(setting, sheets)}"
        )
    return sheets[setting]


def _only_visible(workbook: Workbook, name: str) -> Sheet:
    hidden = [sheet.name for sheet in workbook.sheets if sheet.is_hidden]
    visible = [sheet for sheet in workbook.sheets if not sheet.is_hidden]
    filled = [sheet for sheet in visible if sheet.cells or sheet.formula_without_value]
    if len(filled) > 1:
        largest = max(filled, key=lambda sheet: sheet.cells).name
        raise ReaderSettingError(
            f"{name}: {len(filled)} sheets have cells: {_list(filled)}; set the one to read, for"
            " example ",
            remedy=f"sheet = {_toml(largest)} in [ingest]",
            init_remedy=f"SHEET={quote(largest)}",
        )
    if filled:
        if hidden:
            LOGGER.info("%s: hidden sheets are not read: %s", name, _names(hidden))
        return filled[0]
    if hidden:
        raise ReaderSettingError(
            f"{name}: only hidden sheets may have cells; unhide the sheet of the table, or set it,",
            remedy=f" for example sheet = {_toml(hidden[0])} in [ingest]",
            init_remedy=f" for example SHEET={quote(hidden[0])}",
        )
    raise ContractError(f"{name}: no sheet has cells; expected a table")


def _list(sheets: Sequence[Sheet]) -> str:
    return _names([f"'{each.name}' ({each.rows:,} × {each.width:,})" for each in sheets])


def _names(names: Sequence[str]) -> str:
    more = len(names) - MAX_SHOWN_SHEETS
    return ", ".join(names[:MAX_SHOWN_SHEETS]) + (f" and {more} more" if more > 0 else "")


def _toml(text: str) -> str:
    """Return a text as TOML, whose basic strings hold all that JSON's do."""
    return json.dumps(text, ensure_ascii=False)
