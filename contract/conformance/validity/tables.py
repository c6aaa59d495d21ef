"""Tables: Parquet of plain types and encodings that any reader knows."""

import pyarrow as pa
from pyarrow import parquet

from conformance.harness.faults import Fault
from conformance.validity.published import Published

CODECS = frozenset({"SNAPPY", "ZSTD", "UNCOMPRESSED"})


def check_tables(artifact: Published) -> None:
    """Check types and compression of every Parquet file in an artifact."""
    for path in sorted(artifact.path.rglob("*.parquet")):
        place = path.relative_to(artifact.path).as_posix()
        try:
            file = parquet.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise Fault(f"{place}: not Parquet: {error}", "write Parquet") from None
        for field in file.schema_arrow:
            if not _is_plain(field.type):
                raise Fault(
                    f"{place}: column {field.name!r} has the type {field.type}",
                    "write plain values, no dictionaries and nothing nested: in pandas astype(str),"
                    " in Arrow dictionary_decode",
                )
        _check_codecs(file, place)


def _check_codecs(file: parquet.ParquetFile, place: str) -> None:
    for group in range(file.metadata.num_row_groups):
        for number in range(file.metadata.num_columns):
            column = file.metadata.row_group(group).column(number)
            if column.compression not in CODECS:
                raise Fault(
                    f"{place}: column {column.path_in_schema!r} is compressed with"
                    f" {column.compression}",
                    "snappy, zstd or none",
                )


def _is_plain(kind: pa.DataType) -> bool:
    return not (pa.types.is_dictionary(kind) or pa.types.is_nested(kind))
