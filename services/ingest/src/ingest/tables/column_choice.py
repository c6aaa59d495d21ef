"""The choice of the columns that are read: `columns`, `skip_columns` and `flatten` of [ingest]."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from stage_contract import ContractError, SettingsError, did_you_mean

from ingest.settings import Settings
from ingest.tables.column_names import unique_names
from ingest.toml_text import join_names, toml_list

type FieldPath = tuple[str, ...]
"""Names of the structs below a column that lead to a field, and its own; () is the column."""


class ReadColumn(NamedTuple):
    """A column that is read: a column of the source, or a field of a struct."""

    name: str
    place: int
    """Position in the source, from 0."""
    path: FieldPath = ()


@dataclass(frozen=True)
class SourceColumns:
    """The columns of a source table, and those that are read."""

    written: Sequence[str]
    """Names as in the source, which may be empty or repeated."""
    names: Sequence[str]
    """Unique names of the same columns."""
    read: Sequence[ReadColumn]
    skipped: Sequence[str] = ()
    """Names of the columns, or of fields of structs, that are not read."""
    flattened: Sequence[str] = ()
    """Names of the columns whose fields are columns."""

    @property
    def places(self) -> list[int]:
        """Positions that are read, in their order."""
        return [*dict.fromkeys(column.place for column in self.read)]

    @property
    def are_whole(self) -> bool:
        """Whether the table is read as it is."""
        return not self.skipped and not self.flattened


class UnreadableColumnsError(ContractError):
    """Columns that no stage can read, such as lists, structs or bytes.

    `names` can be skipped. If `structs` is true, they hold structs, whose fields can be columns.
    """

    def __init__(self, message: str, *, names: Sequence[str], structs: bool = False) -> None:
        super().__init__(message)
        self.names = names
        self.structs = structs


class ColumnChoice:
    """The names that the settings choose or skip; a struct stands for all its fields."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._chosen = frozenset(settings.columns or ())
        self._skipped = frozenset(settings.skip_columns or ())

    @property
    def _reads_all(self) -> bool:
        return not self._chosen

    def reads(self, name: str, path: FieldPath = ()) -> bool:
        """Return whether a column, or a field of a struct, is read."""
        names = {*field_names(name, path)}
        return not names & self._skipped and (self._reads_all or bool(names & self._chosen))

    def enters(self, name: str) -> bool:
        """Return whether a field of this struct may be read, if structs are flattened."""
        return name not in self._skipped and (
            self._reads_all
            or name in self._chosen
            or any(chosen.startswith(f"{name}.") for chosen in self._chosen)
        )

    def check_names(self, known: Iterable[str], source: str) -> None:
        """Raise a SettingsError if a setting names a column that the source does not have."""
        names = [*known]
        for setting in ("columns", "skip_columns"):
            for name in getattr(self._settings, setting) or ():
                if name not in names:
                    hint = did_you_mean(name, names)
                    raise SettingsError(
                        f"[ingest] {setting}: {source} has no column '{name}'{hint}"
                    )

    def remedy(self, names: Sequence[str]) -> str:
        """Return how to leave columns out, as a clause."""
        if self._settings.columns is not None:
            return f"leave {join_names(names)} out of columns in [ingest]"
        skipped = [*(self._settings.skip_columns or ()), *names]
        return f"write skip_columns = {toml_list(skipped)} in [ingest]"


def choose_columns(
    written: Sequence[str],
    settings: Settings,
    *,
    source: str,
    fields: Mapping[int, Sequence[FieldPath]] | None = None,
) -> SourceColumns:
    """Return the columns of a table that the settings choose, in the order of the table.

    `fields` has the paths of the fields of the columns to flatten, by position.

    Raises:
        SettingsError: No column is left.
        ContractError: Two fields have the same name, or a field has the name of a column.
    """
    choice, fields = ColumnChoice(settings), fields or {}
    names = unique_names(written)
    read: list[ReadColumn] = []
    skipped: list[str] = []
    flattened: list[str] = []
    for place, name in enumerate(names):
        paths = fields.get(place, [()])
        chosen = [path for path in paths if choice.reads(name, path)]
        is_entered = place in fields and choice.enters(name)
        left_out = [".".join((name, *path)) for path in paths if path not in chosen]
        skipped += left_out if chosen or is_entered else [name]
        flattened += [name] if is_entered else []
        read += [ReadColumn(".".join((name, *path)), place, path) for path in chosen]
    columns = SourceColumns(written, names, read, [*dict.fromkeys(skipped)], flattened)
    if not read:
        choice.check_names(known_names(columns), source)
        setting = "columns" if settings.columns else "skip_columns"
        raise SettingsError(
            f"[ingest] {setting}: no column of {source} is left; expected at least one"
        )
    _check_clash(columns, choice, source)
    return columns


def known_names(columns: SourceColumns) -> Iterator[str]:
    """Yield all names that the settings may name; structs that are flattened have one, too."""
    yield from columns.names
    for column in columns.read:
        yield from field_names(columns.names[column.place], column.path)
    for name in columns.skipped:
        yield from field_names(*_split(name, columns.flattened))


def field_names(name: str, path: FieldPath) -> Iterator[str]:
    """Yield the names of a column, of the structs on the way to its field, and of the field."""
    return accumulate(path, lambda parent, child: f"{parent}.{child}", initial=name)


def and_more(others: int) -> str:
    """Return how many other columns an error is about, as a part of its sentence."""
    return f", and {others} more such column{'s' if others > 1 else ''}" if others else ""


def unreadable_error(
    source: str,
    kinds: Mapping[str, str],
    settings: Settings,
    *,
    structs: Collection[str] = (),
    expected: str = "one value per cell",
) -> UnreadableColumnsError:
    """Return the error for columns that cannot be read.

    `kinds` says what each one holds. `structs` are those whose fields can be columns.
    """
    names = [*kinds]
    more = and_more(len(names) - 1)
    remedy = ColumnChoice(settings).remedy(names)
    if structs:
        remedy += f", or flatten = true for columns of the fields of {join_names([*structs])}"
    return UnreadableColumnsError(
        f"{source}: column '{names[0]}' {kinds[names[0]]}{more}; expected {expected}; {remedy}",
        names=names,
        structs=bool(structs),
    )


def _check_clash(columns: SourceColumns, choice: ColumnChoice, source: str) -> None:
    counts = Counter(column.name for column in columns.read)
    for column in columns.read:
        if column.path and counts[column.name] > 1:
            struct = columns.names[column.place]
            raise UnreadableColumnsError(
                f"{source}: flatten gives two columns the name '{column.name}', one of them from"
                f" '{struct}'; rename one, or {choice.remedy([struct])}",
                names=[struct],
            )


def _split(name: str, flattened: Collection[str]) -> tuple[str, FieldPath]:
    """Return the column and the path of a skipped name; a name may have dots."""
    column = next((each for each in flattened if name.startswith(f"{each}.")), None)
    return (name, ()) if column is None else (column, (*name[len(column) + 1 :].split("."),))
