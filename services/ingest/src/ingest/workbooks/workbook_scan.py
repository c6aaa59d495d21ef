"""The scan of a workbook, by the kind of its file."""

from pathlib import Path

from stage_contract import ContractError

from ingest.workbooks.sheets import Workbook
from ingest.workbooks.xlsx_scan import WORKBOOK, scan_xlsx
from ingest.workbooks.zip_packages import open_package


def scan_workbook(path: Path, name: str, *, wanted: str | None) -> Workbook:
    """Scan the sheet `wanted`, or else all sheets that are not hidden.

    Raises:
        ContractError: The file is damaged, or is no workbook.
    """
    with open_package(path, name) as package:
        if package.find(WORKBOOK):
            return scan_xlsx(package, wanted=wanted)
        if package.find("xl/workbook.bin"):
            raise ContractError(
                f"{name}: is a binary workbook (.xlsb); expected .xlsx, .xls or .ods, save it as"
                " .xlsx"
            )
    raise ContractError(
        f"{name}: is a ZIP file without a workbook; expected a table, unpack it before"
    )
