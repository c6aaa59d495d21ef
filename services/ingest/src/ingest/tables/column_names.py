"""Unique names for the columns of a table."""

from collections.abc import Collection, Sequence

from type_inference.text_cells import WHITE_SPACE


def unique_names(names: Sequence[str]) -> list[str]:
    """Return a unique name for each column.

    An empty name becomes column_<position>. The first of equal names stays; the next becomes
    <name>_2, or the next free number, so that no column takes another column's name.
    """
    stripped = [name.strip(WHITE_SPACE) for name in names]
    taken = set(stripped)
    seen = {""}
    unique = []
    for position, name in enumerate(stripped, 1):
        new = name
        if name in seen:
            new = free_name(name or f"column_{position}", taken=taken)
        seen.add(name)
        taken.add(new)
        unique.append(new)
    return unique


def free_name(name: str, *, taken: Collection[str]) -> str:
    """Return the name, or the name with the lowest number from _2 that is not in `taken`."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
