"""Parsing of texts: trimming, missing tokens, numbers, integers and booleans.

Each `read_…` returns null for a text that is not of its type.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from type_inference.field_types import MAX_EXACT_INTEGER
from type_inference.masks import keep_between, keep_where

WHITE_SPACE = (
    "\t\n\v\f\r \u0085\u00a0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The Unicode property White_Space; `str.strip` also removes U+001C to U+001F."""

_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"
_LEADING_ZERO = r"^[+-]?0[0-9]"
# At most 16 significant digits, so that the number fits into 64 bits before the comparison.
_INTEGER = r"^[+-]?0*[0-9]{1,16}(\.0*)?$"


def trim(texts: pa.Array) -> pa.Array:
    """Return the texts without white space at both ends."""
    return pc.utf8_trim(texts, characters=WHITE_SPACE)


def is_missing(trimmed: pa.Array, tokens: Sequence[str]) -> pa.Array:
    """Return which texts are null, empty or a missing token."""
    is_token = pc.is_in(trimmed, value_set=pa.array(["", *tokens], pa.string()))
    return pc.or_(is_token, pc.is_null(trimmed))


def mask_missing(trimmed: pa.Array, missing: pa.Array) -> pa.Array:
    """Return the texts with null for missing texts."""
    return keep_where(pc.invert(missing), trimmed)


def read_number(texts: pa.Array) -> pa.Array:
    """Return texts as finite doubles."""
    plain = cast_all(texts, pa.float64())
    # Arrow accepts what the pattern accepts, and names such as inf and nan.
    if plain is not None and pc.all(pc.is_finite(plain)).as_py() is not False:
        return keep_finite(plain)
    numeric = keep_where(pc.match_substring_regex(texts, pattern=_NUMBER), texts)
    return keep_finite(pc.cast(numeric, pa.float64()))


def keep_finite(values: pa.Array) -> pa.Array:
    """Return the finite doubles; minus zero becomes zero, because their hashes differ."""
    return pc.add(keep_where(pc.is_finite(values), values), 0.0)


def read_integer(texts: pa.Array) -> pa.Array:
    """Return texts as integers within ±2⁵³."""
    plain = None if _may_be_hexadecimal(texts) else cast_all(texts, pa.int64())
    if plain is not None:
        return keep_exact_integers(plain)
    whole = keep_where(pc.match_substring_regex(texts, pattern=_INTEGER), texts)
    digits = pc.replace_substring_regex(whole, pattern=r"^\+|\.0*$", replacement="")
    return keep_exact_integers(pc.cast(digits, pa.int64()))


def are_whole(texts: pa.Array) -> pa.Array:
    """Return which texts are JSON integers of any size."""
    return pc.match_substring_regex(texts, pattern=_WHOLE)


def have_leading_zero(texts: pa.Array) -> pa.Array:
    """Return which texts are codes such as 01234, which a number would shorten."""
    return pc.match_substring_regex(texts, pattern=_LEADING_ZERO)


def cast_all(texts: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Return texts as Arrow casts them, or None if Arrow rejects a text.

    This is much faster than matching a pattern.
    """
    try:
        return pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return None


def _may_be_hexadecimal(texts: pa.Array) -> bool:
    """Return whether a text contains an x: Arrow parses 0x1F as an integer."""
    data = texts.buffers()[2]
    return data is not None and any(letter in memoryview(data).tobytes() for letter in (b"x", b"X"))


def keep_exact_integers(integers: pa.Array) -> pa.Array:
    """Return the integers within ±2⁵³."""
    return keep_between(integers, -MAX_EXACT_INTEGER, MAX_EXACT_INTEGER)


def read_boolean(
    texts: pa.Array, *, true_values: Sequence[str], false_values: Sequence[str]
) -> pa.Array:
    """Return texts as booleans, by two lists of words."""
    is_true = pc.is_in(texts, value_set=pa.array(true_values, pa.string()))
    is_false = pc.is_in(texts, value_set=pa.array(false_values, pa.string()))
    return keep_where(pc.or_(is_true, is_false), is_true)
