"""Effects of the rules of a column: which cells each rule changed or rejected."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells
from type_inference.normalization import Normalization

from clean.cleaning.sentinels import are_candidates
from clean.parsing.datetimes import are_ambiguous_times, read_datetime
from clean.parsing.python_values import python_values
from clean.schema.fields import FALSE_VALUES, TRUE_VALUES, Field

MISSING = "missingValues"
"""Rule that makes a token missing."""

SENTINEL = "sentinel"
"""Not a rule: values that may stand for a missing value."""

TIMEZONE = "timezone"
"""Rule that sets the time zone of a datetime without an offset."""

REPEATED_HOUR = "timezone, first of an hour that happens twice"
SKIPPED_HOUR = "timezone, hour that does not exist"

_COUNTED = frozenset({MISSING, SENTINEL})
_NAIVE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+)?$"

MAX_EXAMPLES = 3
"""Maximum number of example cells for a rule and column."""

type Mask = npt.NDArray[np.bool_]


class RuleEffect(NamedTuple):
    """The cells of a batch of one column that a rule touched."""

    rule: str
    """Key in schema.json, or rejection reason."""
    cells: Mask
    """Mask of the touched cells."""
    examples: list[tuple[int, dict[str, Any]]]
    """Positions of the first cells, with the value `from` before and `to` after the rule."""
    texts: Mapping[str, int] = {}
    """Number of cells by text, for missing tokens and sentinels."""


class ParsedTexts(NamedTuple):
    """Texts and their parsed values; all arrays have the same length."""

    raw: pa.Array
    trimmed: pa.Array
    typed: pa.Array
    missing: pa.Array


def text_effects(
    parsed: ParsedTexts, field: Field, text_indices: pa.Array | None
) -> list[RuleEffect]:
    """Return the effects of the rules on a column of texts.

    `text_indices` gives the index of each cell's text; without it, each text is one cell.
    """
    indices = np.arange(len(parsed.raw)) if text_indices is None else text_indices.to_numpy()
    effects = [
        _effect(rule, cells, {"from": parsed.raw, "to": after}, indices)
        for rule, touched, after in _changed_cells(parsed, field)
        if (mask := _to_mask(touched)).any() and (cells := mask[indices]).any()
    ]
    return [
        effect._replace(texts=_count_tokens(parsed, indices[effect.cells]))
        if effect.rule in _COUNTED
        else effect
        for effect in effects
    ]


def _count_tokens(parsed: ParsedTexts, indices: npt.NDArray[np.integer]) -> dict[str, int]:
    """Return the number of cells for each token at these indices."""
    counted = parsed.trimmed.take(pa.array(indices)).value_counts()
    names, rows = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return dict(zip(names, rows, strict=True))


def rejection_effects(raw: pa.Array, reasons: pa.Array) -> list[RuleEffect]:
    """Return which cells are rejected, by reason."""
    return [
        _effect(reason, _to_mask(pc.equal(reasons, reason)), {"from": raw}, np.arange(len(raw)))
        for reason in reasons.drop_null().unique().to_pylist()
    ]


def _changed_cells(parsed: ParsedTexts, field: Field) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    """Yield each rule, a mask of the texts that it changed, and all values after it."""
    if not parsed.raw.equals(parsed.trimmed):
        yield "trim", pc.not_equal(parsed.raw, parsed.trimmed), parsed.trimmed
    is_token = pc.and_(parsed.missing, pc.not_equal(parsed.trimmed, ""))
    yield MISSING, is_token, parsed.typed
    if field.normalization:
        yield from _normalization_effects(parsed, field, field.normalization)
    if field.number_format:
        plain = pc.equal(text_cells.read_number(parsed.trimmed), parsed.typed)
        yield field.number_format.keys, _and_not(pc.is_valid(parsed.typed), plain), parsed.typed
    if field.date_format:
        has_format = pc.is_valid(field.date_format.read(parsed.trimmed))
        yield "format", pc.and_(has_format, pc.is_valid(parsed.typed)), parsed.typed
    candidates = are_candidates(parsed.typed, field.type)
    if candidates is not None:
        yield SENTINEL, candidates, parsed.typed
    if field.type == "datetime":
        is_naive = pc.match_substring_regex(parsed.trimmed, pattern=_NAIVE)
        if field.date_format and "zone" not in field.date_format.parts:
            is_naive = pc.or_(is_naive, pc.is_valid(field.date_format.read(parsed.trimmed)))
        yield from _timezone_effects(
            pc.and_(is_naive, pc.is_valid(parsed.typed)), parsed.typed, field
        )
        if field.timezone.key != "UTC":
            is_invalid = pc.and_(pc.is_null(parsed.typed), pc.invert(parsed.missing))
            yield (
                SKIPPED_HOUR,
                pc.and_(is_invalid, _are_valid_in_utc(parsed.trimmed, field)),
                parsed.typed,
            )
    if field.type == "boolean":
        is_default = pc.is_in(parsed.trimmed, value_set=pa.array([*TRUE_VALUES, *FALSE_VALUES]))
        is_word = _and_not(pc.is_valid(parsed.typed), is_default)
        yield "trueValues, falseValues", is_word, parsed.typed


def _are_valid_in_utc(trimmed: pa.Array, field: Field) -> pa.Array:
    utc = ZoneInfo("UTC")
    instants = read_datetime(trimmed, timezone=utc)
    if field.date_format:
        instants = pc.coalesce(
            instants, read_datetime(field.date_format.read(trimmed), timezone=utc)
        )
    return pc.is_valid(instants)


def naive_datetime_effects(raw: pa.Array, typed: pa.Array, field: Field) -> list[RuleEffect]:
    """Return which timestamps of a typed source have no time zone."""
    indices = np.arange(len(raw))
    return [
        _effect(rule, mask, {"from": raw, "to": after}, indices)
        for rule, touched, after in _timezone_effects(pc.is_valid(typed), typed, field)
        if (mask := _to_mask(touched)).any()
    ]


def _timezone_effects(
    is_naive: pa.Array, typed: pa.Array, field: Field
) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    yield TIMEZONE, is_naive, typed
    yield REPEATED_HOUR, pc.and_(is_naive, are_ambiguous_times(typed, field.timezone)), typed


def _normalization_effects(
    parsed: ParsedTexts, field: Field, normalization: Normalization
) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    changes = [
        normalization.changes(text) if text and text not in field.missing else ()
        for text in parsed.trimmed.to_pylist()
    ]
    for rule in normalization.keys:
        yield rule, pa.array([rule in changed for changed in changes], pa.bool_()), parsed.typed


def _and_not(left: pa.Array, right: pa.Array) -> pa.Array:
    return pc.and_not(left, pc.fill_null(right, fill_value=False))


def _to_mask(booleans: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(booleans, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def _cell(cells: pa.Array, index: int) -> Any:
    [value] = python_values(cells[index : index + 1])
    return value


def _effect(
    rule: str, cells: Mask, arrays: Mapping[str, pa.Array], indices: npt.NDArray[np.integer]
) -> RuleEffect:
    """Return an effect with examples; `indices` gives the index of each cell in `arrays`."""
    first = np.flatnonzero(cells)[:MAX_EXAMPLES].tolist()
    examples = [
        (position, {name: _cell(array, int(indices[position])) for name, array in arrays.items()})
        for position in first
    ]
    return RuleEffect(rule, cells, examples)
