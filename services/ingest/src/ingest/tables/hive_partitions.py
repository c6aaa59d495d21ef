"""Hive partitions: folders such as `year=2024` that hold a column's value."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

_NULL = "__HIVE_DEFAULT_PARTITION__"
_WILD = frozenset("*?[")


def hive_partition(name: str, source: str) -> Mapping[str, str | None]:
    """Return the partition columns and values in a file's path.

    `name` is the path below the data folder. Folders that `source` spells out are left out, because
    the user chose that partition.
    """
    folders = PurePosixPath(name).parts[:-1]
    chosen = len(folders) if name == source else _fixed_parts(source)
    pairs = [folder.split("=", 1) for folder in folders[chosen:] if not folder.startswith("=")]
    return {
        unquote(pair[0]): None if pair[1] == _NULL else unquote(pair[1])
        for pair in pairs
        if len(pair) > 1
    }


def _fixed_parts(source: str) -> int:
    parts = PurePosixPath(source).parts
    return next((index for index, part in enumerate(parts) if _WILD & set(part)), len(parts))
