"""A hostile file, and what ingest must make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

type Content = bytes | str
type Columns = Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class Case:
    """One file, or a folder of files, named for its fault."""

    name: str
    files: Mapping[str, bytes]
    """By their paths below the data folder."""
    settings: str = ""
    columns: Columns = field(default_factory=dict)
    """The whole table, if it is read."""
    rejected: Sequence[tuple[int, str]] = ()
    """Line and text of what is not a row."""
    told: str = ""
    """What the log must say of it."""
    refusal: str | None = None
    """The line after the file's name with which it is refused, if it is."""

    def __str__(self) -> str:
        return self.name


def loads(  # noqa: PLR0913  # what is expected of one file, by name
    name: str,
    content: Content,
    columns: Columns,
    *,
    settings: str = "",
    rejected: Sequence[tuple[int, str]] = (),
    told: str = "",
) -> Case:
    """Return a file that is read, with the table that comes of it."""
    return Case(name, {name: _bytes(content)}, settings, columns, rejected, told)


def refused(name: str, content: Content, refusal: str, *, settings: str = "") -> Case:
    """Return a file that is refused with this line."""
    return Case(name, {name: _bytes(content)}, settings, refusal=refusal)


def folder(
    name: str,
    files: Mapping[str, Content],
    columns: Columns,
    *,
    settings: str = "",
    told: str = "",
) -> Case:
    """Return a folder that is read."""
    return Case(name, _below(name, files), settings, columns, told=told)


def refused_folder(
    name: str, files: Mapping[str, Content], refusal: str, *, settings: str = ""
) -> Case:
    """Return a folder that is refused."""
    return Case(name, _below(name, files), settings, refusal=refusal)


def _below(name: str, files: Mapping[str, Content]) -> Mapping[str, bytes]:
    return {f"{name}/{path}": _bytes(content) for path, content in files.items()}


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content
