"""The names of a table's columns."""

from collections import Counter
from collections.abc import Sequence

from stage_contract import ContractError


def name_columns(found: Sequence[str], *, file: str, header: bool) -> list[str]:
    """Return the table's column names: an empty name becomes column_<position>.

    Raises:
        ContractError: a name stands twice.
    """
    if not header:
        return [f"column_{position}" for position in range(1, len(found) + 1)]
    names = [name.strip() or f"column_{position}" for position, name in enumerate(found, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ContractError(f"{file}: column '{twice[0]}' is there twice; rename one of them")
    return names
