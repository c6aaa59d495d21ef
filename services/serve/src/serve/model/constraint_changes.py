"""Values that a column no longer accepts: tighter constraints, other missing tokens."""

from serve.schema.cells import CellError, Rules
from serve.schema.constraints import read_bound
from serve.schema.signature import Bound
from serve.schema.values import Value


def takes_fewer(old: Rules, new: Rules) -> bool:
    """Whether a constraint may refuse a value that was valid, for columns of the same type."""
    before, after = old.column.constraints, new.column.constraints
    if before.enum is not None:
        values = [_value(value, old) for value in before.enum]
        return any(old.allows(value) and not new.allows(value) for value in values)
    return (
        after.enum is not None
        or (after.pattern is not None and after.pattern != before.pattern)
        or (after.min_length or 0) > (before.min_length or 0)
        or _is_lower(after.max_length, before.max_length)
        or _least(new) > _least(old)
        or _is_lower(_most(new), _most(old))
    )


def misses_otherwise(old: Rules, new: Rules) -> bool:
    """Whether a valid text changes: it becomes missing, or a missing token becomes a value."""
    texts = old.missing_values ^ new.missing_values
    return any(_read(old, text) not in {None, _read(new, text)} for text in texts)


def _is_lower[Limit: (int, tuple[Value, bool])](new: Limit | None, old: Limit | None) -> bool:
    return new is not None and (old is None or new < old)


def _least(rules: Rules) -> list[tuple[Value, bool]]:
    """Return the lower bound, and whether it is exclusive; [], which is less than any, if none."""
    found = rules.column.constraints
    ends = ((found.minimum, False), (found.exclusive_minimum, True))
    return sorted((_value(end, rules), is_out) for end, is_out in ends if end is not None)[-1:]


def _most(rules: Rules) -> tuple[Value, bool] | None:
    """Return the upper bound, and whether it is inclusive."""
    found = rules.column.constraints
    ends = ((found.maximum, True), (found.exclusive_maximum, False))
    return min(
        ((_value(end, rules), is_in) for end, is_in in ends if end is not None), default=None
    )


def _value(bound: Bound, rules: Rules) -> Value:
    return read_bound(bound, column=rules.column, read_text=rules.read_text)


def _read(rules: Rules, text: str) -> str | None:
    try:
        return str(rules.from_text(text))  # NaN counts as equal to NaN.
    except CellError:
        return None
