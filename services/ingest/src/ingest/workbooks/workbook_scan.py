"""The scan of a workbook, by the kind of its file."""

from pathlib import Path

from stage_contract import ContractError

from ingest.workbooks.ods_scan import CONTENT, scan_ods
from ingest.workbooks.sheets import Workbook
from ingest.workbooks.xls_scan import password_error, scan_xls
from ingest.workbooks.xlsx_scan import WORKBOOK, scan_xlsx
from ingest.workbooks.zip_packages import Package, open_package

_OLE = b"\xd0\xcf\x11\xe0"
"""First bytes of .xls files, and of encrypted .xlsx files."""


def scan_workbook(path: Path, name: str, *, wanted: str | None) -> Workbook:
    """Scan the sheet `wanted`, or else all sheets that are not hidden.

    Sheets of .xls and .ods are loaded at once, so all of them are scanned.

    Raises:
        ContractError: The file is damaged, needs a password, or is no workbook.
    """
    with path.open("rb") as stream:
        is_ole = stream.read(len(_OLE)) == _OLE
    if is_ole:
        return scan_xls(path, name)
    with open_package(path, name) as package:
        if package.find(WORKBOOK):
            return scan_xlsx(package, wanted=wanted)
        if package.find("xl/workbook.bin"):
            raise ContractError(
                f"{name}: is a binary workbook (.xlsb); expected .xlsx, .xls or .ods, save it as"
                " .xlsx"
            )
        if _is_encrypted(package):
            raise password_error(name)
        if package.find(CONTENT):
            return scan_ods(package)
    raise ContractError(
        f"{name}: is a ZIP file without a workbook; expected a table, unpack it before"
    )


def _is_encrypted(package: Package) -> bool:
    """Return whether an OpenDocument file is encrypted: its manifest lists the keys."""
    manifest = package.find("META-INF/manifest.xml")
    return manifest is not None and b"encryption-data" in package.read(manifest)
