"""What is asked for on the command line, checked before any library is loaded."""

import argparse
import codecs
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

from stage_contract import OutputError, SettingsError, did_you_mean

FORMATS: Final = (".csv", ".parquet")
_MEAN_ELSE: Final = '"\r\n'
_LONGEST_NAME: Final = 220
"""Leaves room for what is appended while a file is written, and for the rejects beside it."""


@dataclass(frozen=True)
class Folders:
    """Where the tables are, where they go, and where the model is."""

    source: Path
    target: Path
    model: Path


@dataclass(frozen=True)
class Job:
    """One table to score."""

    source: Path
    target: Path
    keep: tuple[str, ...] | None
    """Columns to keep, in this order; None keeps all."""
    delimiter: str
    encoding: str

    @property
    def name(self) -> str:
        """What messages call the source."""
        return self.source.name

    @property
    def rejects(self) -> Path:
        """Where the rows go that can't be scored."""
        return self.target.with_name(f"{self.target.name}.rejects.jsonl")


def read_folders(environment: Mapping[str, str]) -> Folders:
    """Return the folders of a container, or those that the environment names."""
    return Folders(
        source=Path(environment.get("STAGE_SOURCE", "/data/source")),
        target=Path(environment.get("STAGE_OUT", "/data/out")),
        model=Path(environment.get("STAGE_IN", "/data/in")),
    )


def read_arguments(arguments: Sequence[str], folders: Folders) -> Job:
    """Read the command line.

    Raises:
        SettingsError: an argument is wrong.
        OutputError: nothing can be written where the result belongs.
    """
    options = _parser().parse_args(arguments)
    if len(options.delimiter.encode()) != 1 or options.delimiter in _MEAN_ELSE:
        raise SettingsError(
            f"DELIMITER={options.delimiter!r}: expected one ASCII character, no quote or line end"
        )
    keep = tuple(name.strip() for name in options.keep.split(",")) if options.keep else None
    return Job(
        source=_find(options.source, folders.source),
        target=_place(options.target, folders.target),
        keep=keep,
        delimiter=options.delimiter,
        encoding=_known_encoding(options.encoding),
    )


class _Parser(argparse.ArgumentParser):
    """Ends as a stage does when a setting is wrong."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message}; make score IN=new.csv OUT=scored.parquet")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="score",
        description="Predict every row of a table with the latest model, as POST /predict does.",
        epilog="Rows that break a rule go to OUT.rejects.jsonl with row, column, value and what was"
        " expected. Exit codes: 0 scored, 65 the table or the model can't be used, 73 the result"
        " can't be written, 78 an argument is wrong.",
    )
    parser.add_argument("source", metavar="IN", help="a CSV (.gz, .bz2, .zst) or Parquet file")
    parser.add_argument("target", metavar="OUT", help="the result, named .csv or .parquet")
    parser.add_argument("--keep", metavar="A,B", help="columns to keep; default: all")
    parser.add_argument(
        "--delimiter", metavar="D", default=",", help="of a CSV file; default: a comma"
    )
    parser.add_argument(
        "--encoding", metavar="E", default="utf-8", help="of a CSV file; default: utf-8"
    )
    return parser


def _find(name: str, folder: Path) -> Path:
    path = folder / _inside(name, "IN")
    if not path.is_file():
        files = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        raise SettingsError(
            f"IN={name}: no such file in the data folder{did_you_mean(name, files)}"
        )
    return path


def _place(name: str, folder: Path) -> Path:
    path = folder / _inside(name, "OUT")
    if path.suffix not in FORMATS:
        raise SettingsError(f"OUT={name}: expected a name that ends in {' or '.join(FORMATS)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{folder}: not writable for uid {os.getuid()}; on the host: chmod a+rwx out"
        )
    if any(len(part.encode()) > _LONGEST_NAME for part in PurePosixPath(name).parts):
        raise SettingsError(f"OUT={name}: expected names of at most {_LONGEST_NAME} bytes")
    if path.is_dir():
        raise SettingsError(f"OUT={name}: is a folder; name a file, or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise SettingsError(f"OUT={name}: expected a folder before the name, not a file") from None
    return path


def _inside(name: str, argument: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise SettingsError(f"{argument}={name}: expected the name of a file inside its folder")
    return name


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)  # refuses a codec that is none of texts, such as hex
        return codecs.lookup(name).name
    except (LookupError, UnicodeError):
        raise SettingsError(f"ENCODING={name}: expected one such as utf-8 or latin-1") from None
