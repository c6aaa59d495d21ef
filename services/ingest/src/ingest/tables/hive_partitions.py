"""Folders such as `year=2024`, which name a column and its value in all files below them."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

_NULL = "__HIVE_DEFAULT_PARTITION__"
_WILD = frozenset("*?[")


def partition_of(name: str, source: str) -> Mapping[str, str | None]:
    """Return columns and values that the folders of a file name.

    `name` is the file's path below the data folder. Folders that `source` spells out are left
    aside: who names one of them has chosen it.
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
