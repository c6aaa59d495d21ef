"""The command line, checked before any large library is loaded."""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

from stage_contract import OutputError, SettingsError, did_you_mean, text_encoding
from stage_contract.commands import make_command

FORMATS: Final = (".csv", ".tsv", ".parquet")
_DELIMITERS: Final = {"tab": "\t", "\\t": "\t"}
"""Names of characters that are hard to pass through a shell or make."""
_NOT_DELIMITERS: Final = '"\r\n'
_COUNT: Final = re.compile(r"[1-9][0-9]{0,8}")
_ENDINGS: Final = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
_MAX_NAME_BYTES: Final = 220
"""Maximum length of a file name; temporary files and the rejects file have longer names."""


@dataclass(frozen=True)
class Folders:
    """The folders of the tables, the results and the model."""

    source: Path
    target: Path
    model: Path


@dataclass(frozen=True)
class Job:
    """One table to score."""

    source: Path
    target: Path
    keep: tuple[str, ...] | None = None
    """Columns to keep, in this order; None keeps all."""
    delimiter: str | None = None
    """Delimiter of the CSV; None: the delimiter with which the header has columns of the model."""
    encoding: str | None = None
    """Encoding of the CSV; None: inferred from the file and from the source of the model."""
    top_k: int | None = None
    """Maximum number of classes with probabilities; None for all."""
    explains: bool = False
    """Whether to add the contribution of each column to each prediction."""

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return self.source.name

    @property
    def rejects(self) -> Path:
        """The file for rejected rows."""
        return self.target.with_name(f"{self.target.name}.rejects.jsonl")


def read_folders(environment: Mapping[str, str]) -> Folders:
    """Return the folders of a container, or those in the environment."""
    return Folders(
        source=Path(environment.get("STAGE_SOURCE", "/data/source")),
        target=Path(environment.get("STAGE_OUT", "/data/out")),
        model=Path(environment.get("STAGE_IN", "/data/in")),
    )


def read_arguments(arguments: Sequence[str], folders: Folders) -> Job:
    """Parse the command line.

    Raises:
        SettingsError: An argument is invalid.
        OutputError: The folder of results is not writable.
    """
    options = _parser().parse_args(arguments)
    keep = tuple(name.strip() for name in options.keep.split(",")) if options.keep else None
    return Job(
        source=_find(options.source, folders.source),
        target=_place(options.target, folders.target),
        keep=keep,
        delimiter=options.delimiter and _one_character(options.delimiter),
        encoding=options.encoding and _known_encoding(options.encoding),
        top_k=None if options.top_k is None else _count(options.top_k),
        explains=options.explain,
    )


class _Parser(argparse.ArgumentParser):
    """Exits like a stage with an invalid setting."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message}; {make_command('score IN=new.csv OUT=scored.parquet')}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="score",
        description="Predict every row of a table with the latest model, as POST /predict does.",
        epilog="Rows that break a rule go to OUT.rejects.jsonl with row, column, value and"
        " expectation. Exit codes: 0 scored, 65 the table or the model can't be used, 73 the result"
        " can't be written, 78 an argument is wrong.",
    )
    parser.add_argument("source", metavar="IN", help="a CSV (.gz, .bz2, .zst) or Parquet file")
    parser.add_argument("target", metavar="OUT", help="the result, named .csv, .tsv or .parquet")
    parser.add_argument("--keep", metavar="A,B", help="columns to keep; default: all")
    parser.add_argument(
        "--delimiter", metavar="D", help="of a CSV file, or tab; default: inferred from its header"
    )
    parser.add_argument(
        "--encoding", metavar="E", help="of a CSV file; default: UTF-8, or that of the source"
    )
    parser.add_argument(
        "--top-k", metavar="K", help="only the K likeliest classes, in their order; default: all"
    )
    parser.add_argument(
        "--explain", action="store_true", help="add the contributions of the columns"
    )
    return parser


def _find(name: str, folder: Path) -> Path:
    path = folder / _inside(name, "IN")
    if not path.is_file():
        files = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        raise SettingsError(
            f"IN={name}: no such file in the data folder{did_you_mean(name, files)}"
        )
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SettingsError(
            f"IN={name}: is a link to {path.resolve()}, which leaves the data folder; copy the file"
        )
    return path


def _place(name: str, folder: Path) -> Path:
    path = folder / _inside(name, "OUT")
    if path.suffix not in FORMATS:
        raise SettingsError(f"OUT={name}: expected a name that ends in {_ENDINGS}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{folder}: not writable for uid {os.getuid()}; on the host: chmod a+rwx out"
        )
    if any(len(part.encode()) > _MAX_NAME_BYTES for part in PurePosixPath(name).parts):
        raise SettingsError(f"OUT={name}: expected names of at most {_MAX_NAME_BYTES} bytes")
    if path.is_dir():
        raise SettingsError(f"OUT={name}: is a folder; name a file, or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise SettingsError(f"OUT={name}: expected a folder in place of the file") from None
    return path


def _inside(name: str, argument: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise SettingsError(f"{argument}={name}: expected the name of a file inside its folder")
    return name


def _one_character(text: str) -> str:
    delimiter = _DELIMITERS.get(text, text)
    if len(delimiter) != 1 or delimiter in _NOT_DELIMITERS:
        raise SettingsError(
            f"DELIMITER={text!r}: expected one character, no quote or line end; a tab is tab"
        )
    return delimiter


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise SettingsError(f"TOP_K={text}: expected a whole number of at least 1")
    return int(text)


def _known_encoding(name: str) -> str:
    try:
        return text_encoding(name)
    except LookupError:
        raise SettingsError(f"ENCODING={name}: expected a name such as utf-8 or latin-1") from None
