"""Reading the bytes of a file, decompressed."""

from pathlib import Path
from typing import Self

import pyarrow as pa
from stage_contract import ContractError

from ingest.files.file_signatures import find_compression


class ByteStream:
    """Reads a file from its start; the first bytes give the compression."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file = pa.OSFile(str(path))
        self._closed_at = 0
        compression = find_compression(self._file.read(8))
        self._file.seek(0)
        self._bytes = (
            pa.CompressedInputStream(self._file, compression) if compression else self._file
        )

    @property
    def position(self) -> int:
        """Bytes of the stored file that were read so far."""
        return self._closed_at if self._file.closed else int(self._file.tell())

    def read(self, count: int) -> bytes:
        """Return at most `count` bytes; none at the end.

        Raises:
            ContractError: the compressed file is damaged.
        """
        try:
            return bytes(self._bytes.read(count))
        except (pa.ArrowException, OSError) as error:
            raise ContractError(
                f"{self.name}: can't be read: {str(error).splitlines()[0]}; write the file again"
            ) from None

    def close(self) -> None:
        self._closed_at = self.position
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_head(path: Path, name: str, count: int) -> bytes:
    """Return the first bytes of a file after decompression.

    Raises:
        ContractError: the compressed file is damaged.
    """
    with ByteStream(path, name) as stream:
        return stream.read(count)
