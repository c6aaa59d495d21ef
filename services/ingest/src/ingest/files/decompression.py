"""Decompression: read the bytes of a file that may be compressed."""

from pathlib import Path
from typing import Self

import pyarrow as pa
from stage_contract import ContractError

from ingest.files.file_signatures import find_compression

_SIGNATURE_BYTES = 8


class ByteStream:
    """Reads a file from its start; detects the compression from the first bytes."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file = pa.OSFile(str(path))
        self._final_position = 0
        compression = find_compression(self._file.read(_SIGNATURE_BYTES))
        self._file.seek(0)
        self._bytes = (
            pa.CompressedInputStream(self._file, compression) if compression else self._file
        )

    @property
    def position(self) -> int:
        """Number of bytes read so far, before decompression."""
        return self._final_position if self._file.closed else int(self._file.tell())

    def read(self, count: int) -> bytes:
        """Return at most `count` decompressed bytes; empty at the end of the file.

        Raises:
            ContractError: The compressed file is damaged.
        """
        try:
            return bytes(self._bytes.read(count))
        except (pa.ArrowException, OSError) as error:
            raise ContractError(
                f"{self.name}: can't be read: {str(error).splitlines()[0]}; write the file again"
            ) from None

    def close(self) -> None:
        self._final_position = self.position
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_head(path: Path, name: str, count: int) -> bytes:
    """Return the first bytes of a file after decompression.

    Raises:
        ContractError: The compressed file is damaged.
    """
    with ByteStream(path, name) as stream:
        return stream.read(count)
