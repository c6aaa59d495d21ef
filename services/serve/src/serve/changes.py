"""What a new model asks and answers otherwise than the one before it."""

from collections.abc import Iterator

import msgspec

from serve.descriptions import Description, Target
from serve.signature import Column
from serve.values import words_of


class Retyped(msgspec.Struct, frozen=True):
    """A column that was of another type."""

    column: str
    before: str
    after: str


class Changes(msgspec.Struct, frozen=True):
    """The differences of two signatures; `since` is the id of the model before."""

    since: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    """Columns that a request may no longer carry."""
    unused: tuple[str, ...]
    """Columns that are ignored now."""
    retyped: tuple[Retyped, ...]
    reread: tuple[str, ...]
    """Columns of which a text that was right may now be wrong, or mean something else."""
    required: tuple[str, ...]
    """Columns that must have a value now."""
    target: str | None
    """What is predicted now, if it was something else."""
    lost: tuple[str, ...] = ()
    """Parts of an answer that are there no more."""

    @property
    def breaking(self) -> list[str]:
        """What a request that was right before may now fail on, in words."""
        return [
            *(f"removed {name}" for name in self.removed),
            *(f"{each.column} is {each.after}, was {each.before}" for each in self.retyped),
            *(f"{name} takes other texts now" for name in self.reread),
            *(f"{name} must have a value now" for name in self.required),
            *([f"predicts {self.target}"] if self.target else []),
            *(f"answers without {part}" for part in self.lost),
        ]

    def __str__(self) -> str:
        harmless = [f"added {name}" for name in self.added]
        harmless += [f"{name} is ignored now" for name in self.unused]
        return ", ".join([*self.breaking, *harmless])


def find_changes(before: Description, after: Description, *, since: str) -> Changes | None:
    """Return what differs for clients; None if nothing does."""
    old = {column.name: column for column in before.signature.fields}
    new = {column.name: column for column in after.signature.fields}
    changes = Changes(
        since=since,
        added=tuple(name for name in new if name not in old),
        removed=tuple(n for n in before.signature.names if n not in {*after.signature.names}),
        unused=tuple(name for name in after.signature.ignored if name in old),
        retyped=tuple(_retyped(old, new)),
        reread=tuple(
            name for name, column in new.items() if name in old and _rereads(old[name], column)
        ),
        required=tuple(
            name
            for name, column in new.items()
            if column.is_required and not (name in old and old[name].is_required)
        ),
        lost=("interval",) if before.interval and not after.interval else (),
        target=None if _same(before.target, after.target) else _shown(after.target),
    )
    return changes if str(changes) else None


def _retyped(old: dict[str, Column], new: dict[str, Column]) -> Iterator[Retyped]:
    for name, column in new.items():
        if name in old and old[name].type != column.type:
            yield Retyped(name, before=old[name].type, after=column.type)


def _rereads(old: Column, new: Column) -> bool:
    """Whether a text is lost or means something else; more affixes, words and forms do no harm."""
    if old.type != new.type:
        return False
    (old_true, old_false), (new_true, new_false) = words_of(old), words_of(new)
    kept = (
        {*(old.affixes or ())} <= {*(new.affixes or ())}
        and {*old_true} <= {*new_true}
        and {*old_false} <= {*new_false}
        and old.group_char in {None, new.group_char}
        and old.format in {None, new.format}
    )
    return not kept or _marks(old) != _marks(new)


def _marks(column: Column) -> tuple[str, bool]:
    return column.decimal_char or ".", bool(column.percent)


def _same(before: Target, after: Target) -> bool:
    return (before.name, before.type) == (after.name, after.type)


def _shown(target: Target) -> str:
    return f"{target.name} ({target.type})"
