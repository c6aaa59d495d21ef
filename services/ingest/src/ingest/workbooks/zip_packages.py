"""ZIP packages of XML parts, read with limits on what they unpack to."""

import copy
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from stage_contract import ContractError

MAX_UNZIPPED_BYTES = 4 << 30
"""A larger part takes minutes to scan."""

MAX_RATIO = 250
"""Maximum ratio of unzipped to zipped bytes; an .xlsx sheet of equal cells alone has about 100."""

MIN_RATIO_BYTES = 64 << 20
"""Unzipped bytes below which the ratio does not matter."""

_CHUNK_BYTES = 1 << 18
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)

type Start = Callable[[str, dict[str, str]], object]


@dataclass(frozen=True)
class Package:
    """An open ZIP file."""

    file: zipfile.ZipFile
    name: str

    def find(self, part: str) -> str | None:
        """Return the name of a part as it is stored; its case does not matter."""
        wanted = part.casefold()
        return next((n for n in self.file.namelist() if n.casefold() == wanted), None)

    def size(self, part: str) -> int:
        """Return the unzipped bytes of a part, as the package declares them."""
        return self.file.getinfo(part).file_size

    def read(self, part: str) -> bytes:
        """Return a small part.

        Raises:
            ContractError: It unpacks to more than it declares.
        """
        return b"".join(self._chunks(part))

    def parse(
        self,
        part: str,
        start: Start,
        *,
        end: Callable[[str], object] | None = None,
        text: Callable[[str], object] | None = None,
    ) -> None:
        """Parse a part; names of elements and attributes are `namespace name`.

        Raises:
            ContractError: It is not XML, declares entities, unpacks to more than it declares, or
                a function raises a ValueError.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_entities
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        try:
            for chunk in self._chunks(part):
                parser.Parse(chunk)
            parser.Parse(b"", True)  # noqa: FBT003  # the parameter has no name
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise ContractError(
                f"{self.name}: {part} in it can't be read: {error}; save the workbook again"
            ) from None

    def _refuse_entities(self, *_declaration: object) -> None:
        raise ContractError(
            f"{self.name}: a part of it declares entities, which no spreadsheet program writes;"
            " save the workbook again"
        )

    def _chunks(self, part: str) -> Iterator[bytes]:
        info = copy.copy(self.file.getinfo(part))
        self._check_size(info)
        declared = info.file_size
        # Read to the end of the compressed data, which may hold more than it declares.
        info.file_size = MAX_UNZIPPED_BYTES + 1
        total = 0
        with self.file.open(info) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                total += len(chunk)
                if total > declared:
                    break
                yield chunk
        if total != declared:
            raise ContractError(
                f"{self.name}: {part} in it does not have the size that the ZIP file declares;"
                " save the workbook again"
            )

    def _check_size(self, info: zipfile.ZipInfo) -> None:
        size, ratio = info.file_size, info.file_size / max(1, info.compress_size)
        if size > MAX_UNZIPPED_BYTES or (size > MIN_RATIO_BYTES and ratio > MAX_RATIO):
            raise ContractError(
                f"{self.name}: {info.filename} in it unpacks from {info.compress_size:,} to"
                f" {size:,} bytes; expected at most {MAX_UNZIPPED_BYTES:,} bytes and"
                f" {MAX_RATIO} times as many, export the sheet as CSV"
            )


@contextmanager
def open_package(path: Path, name: str) -> Iterator[Package]:
    """Open a ZIP file.

    Raises:
        ContractError: It is damaged, also while it is read.
    """
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            if len(names) != len(set(names)):
                raise ContractError(
                    f"{name}: two parts have one name; expected a workbook, save it again"
                )
            yield Package(file, name)
    except _ERRORS as error:
        raise ContractError(
            f"{name}: can't be read as a workbook: {error}; save the workbook again"
        ) from None
