"""Changes of a model's inputs and outputs against the previous model."""

from collections.abc import Iterable, Iterator

import msgspec

from serve.model.constraint_changes import misses_otherwise, takes_fewer
from serve.schema.cells import Rules, compile_rules
from serve.schema.model_json import QUANTILES, Class, Description, Quantiles, Target
from serve.schema.signature import Column, Signature
from serve.schema.values import words_of


class Retyped(msgspec.Struct, frozen=True):
    """A column whose type changed."""

    column: str
    before: str
    after: str


class Reclassed(msgspec.Struct, frozen=True):
    """Classes that were added, and classes that were removed."""

    added: tuple[Class, ...]
    removed: tuple[Class, ...]
    """Both are empty if only their order changed."""

    def __str__(self) -> str:
        found = [f"class {name} is gone" for name in self.removed]
        found += [f"class {name} is new" for name in self.added]
        return ", ".join(found) or "the classes are in another order"


class Changes(msgspec.Struct, frozen=True):
    """The differences of two signatures; `since` is the id of the previous model."""

    since: str
    added: tuple[str, ...]
    used: tuple[str, ...]
    """Columns that were ignored and are now read: a client's value in them may be invalid."""
    removed: tuple[str, ...]
    """Columns that a request may no longer contain."""
    unused: tuple[str, ...]
    """Columns that are now ignored."""
    retyped: tuple[Retyped, ...]
    reread: tuple[str, ...]
    """Columns with texts that were valid and may now be invalid, or mean something else."""
    required: tuple[str, ...]
    """Columns that are now required."""
    tightened: tuple[str, ...]
    """Columns with a constraint that may refuse values that were valid."""
    timezone: str | None
    """The time zone of datetimes without a zone, if it changed."""
    target: str | None
    """The target, if it changed."""
    classes: Reclassed | None
    lost: tuple[str, ...]
    """Outputs that were removed."""

    @property
    def breaking(self) -> list[str]:
        """Changes that may break existing clients, as text."""
        return [
            *(f"removed {name}" for name in self.removed),
            *(f"{name} is read now, was ignored" for name in self.used),
            *(f"{each.column} is {each.after}, was {each.before}" for each in self.retyped),
            *(f"{name} takes other texts now" for name in self.reread),
            *(f"{name} must have a value now" for name in self.required),
            *(f"{name} takes fewer values now" for name in self.tightened),
            *([f"times without a zone are in {self.timezone} now"] if self.timezone else []),
            *([f"predicts {self.target}"] if self.target else []),
            *([str(self.classes)] if self.classes else []),
            *(f"answers without {part}" for part in self.lost),
        ]

    def __str__(self) -> str:
        harmless = [f"added {name}" for name in self.added]
        harmless += [f"{name} is ignored now" for name in self.unused]
        return ", ".join([*self.breaking, *harmless])


def find_changes(before: Description, after: Description, *, since: str) -> Changes | None:
    """Return the differences for clients; None if there are none."""
    old = {column.name: column for column in before.signature.fields}
    new = {column.name: column for column in after.signature.fields}
    same = [*_same_columns(before.signature, after.signature)]
    changes = Changes(
        since=since,
        added=tuple(name for name in new if name not in {*before.signature.names}),
        used=tuple(name for name in before.signature.ignored if name in new),
        removed=tuple(n for n in before.signature.names if n not in {*after.signature.names}),
        unused=tuple(name for name in after.signature.ignored if name in old),
        retyped=tuple(_retyped(old, new)),
        reread=tuple(
            was.column.name
            for was, now in same
            if _rereads(was.column, now.column) or misses_otherwise(was, now)
        ),
        required=tuple(
            name
            for name, column in new.items()
            if column.is_required and not (name in old and old[name].is_required)
        ),
        tightened=tuple(was.column.name for was, now in same if takes_fewer(was, now)),
        timezone=_timezone(before.signature, after.signature, same),
        target=None if _same(before.target, after.target) else _shown(after.target),
        classes=_reclassed(before.classes or (), after.classes or ()),
        lost=(
            *(("interval",) if before.interval and not after.interval else ()),
            *_lost_quantiles(before.quantiles, after.quantiles),
        ),
    )
    return changes if str(changes) else None


def _lost_quantiles(before: Quantiles | None, after: Quantiles | None) -> Iterator[str]:
    """Yield the quantiles that responses no longer have."""
    kept = [] if after is None else after.names
    lost = [] if before is None else [name for name in before.names if name not in kept]
    if lost and after is None:
        yield QUANTILES
    else:
        yield from (f"quantile {name}" for name in lost)


def _retyped(old: dict[str, Column], new: dict[str, Column]) -> Iterator[Retyped]:
    for name, column in new.items():
        if name in old and old[name].type != column.type:
            yield Retyped(name, before=old[name].type, after=column.type)


def _same_columns(before: Signature, after: Signature) -> Iterator[tuple[Rules, Rules]]:
    """Yield the rules of columns that keep their type."""
    old = {column.name: column for column in before.fields}
    for column in after.fields:
        was = old.get(column.name)
        if was is not None and was.type == column.type:
            yield compile_rules(was, before), compile_rules(column, after)


def _timezone(
    before: Signature, after: Signature, same: Iterable[tuple[Rules, Rules]]
) -> str | None:
    if before.timezone == after.timezone:
        return None
    return after.timezone if any(now.column.type == "datetime" for _was, now in same) else None


def _reclassed(before: tuple[Class, ...], after: tuple[Class, ...]) -> Reclassed | None:
    if before == after:
        return None
    return Reclassed(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
    )


def _rereads(old: Column, new: Column) -> bool:
    """Whether a text is lost or changes its meaning; more affixes, words and formats are safe."""
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
