r"""Row hashes: 64 bits that depend on a row's own values and the seed, on nothing else.

The text that is hashed is unambiguous: the seed and the cells, in the order of their columns'
names, joined by U+001F; missing is `\N`; in texts a backslash is doubled and U+001F is `\\u`.
A whole number is written without fraction, so that a row keeps its hash when the type of a
column widens from integer to number. Instants are microseconds since 1970.
"""

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_SEPARATOR = "\x1f"
_WHOLE = 2.0**53


def hash_rows(batch: pa.RecordBatch, *, seed: int) -> NDArray[np.uint64]:
    """Return BLAKE2b of each row, 8 bytes read as a big-endian integer."""
    cells = [_canonical(batch.column(name)) for name in sorted(batch.schema.names)]
    texts = pc.binary_join_element_wise(
        str(seed), *cells, _SEPARATOR, null_handling="replace", null_replacement="\\N"
    )
    digests = [blake2b(text, digest_size=8).digest() for text in _as_bytes(texts)]
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)


def _as_bytes(texts: pa.Array) -> list[bytes]:
    values: list[bytes] = texts.cast(pa.binary()).to_pylist()
    return values


def _canonical(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_string(kind):
        doubled = pc.replace_substring(array, pattern="\\", replacement="\\\\")
        return pc.replace_substring(doubled, pattern=_SEPARATOR, replacement="\\u")
    if pa.types.is_floating(kind):
        return _canonical_number(array)
    if pa.types.is_date32(kind):
        array = array.cast(pa.timestamp("us", tz="UTC"))
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    return array.cast(pa.string())


def _canonical_number(array: pa.Array) -> pa.Array:
    is_whole = pc.and_(pc.equal(pc.floor(array), array), pc.less_equal(pc.abs(array), _WHOLE))
    whole = pc.if_else(is_whole, array, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(is_whole, whole, array.cast(pa.string()))
