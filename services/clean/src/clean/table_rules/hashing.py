"""Hashes of columns: two independent 64-bit hashes per row, with a secret.

The secret is new in every run, so nobody can craft two rows with equal hashes. The result does not
depend on the secret, because hashes only decide whether rows are equal.
"""

import secrets
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean.parsing.arrays import distinct_texts

type Words = npt.NDArray[np.uint64]

LANES = 2
SECRET_WORDS = 4
"""Words per lane: row start, missing value, text start and text end."""

MAX_SHORT_BYTES = 512
"""Maximum bytes of a text that is hashed eight bytes at a time; longer texts use BLAKE2."""

_WORD_BYTES = 8
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_WORD_BYTES + 1)], np.uint64)
"""Masks that keep the first bytes of a little-endian word, by number of bytes."""


def new_secret() -> Words:
    """Return a new secret, `[LANES, SECRET_WORDS]`."""
    return np.frombuffer(secrets.token_bytes(LANES * SECRET_WORDS * 8), np.uint64).reshape(
        LANES, -1
    )


def hash_columns(columns: Iterable[pa.Array], rows: int, *, secret: Words) -> Words:
    """Return the hashes of the rows of these columns, `[LANES, rows]`."""
    lanes = np.repeat(secret[:, :1], rows, axis=1)
    for cells in columns if rows else ():
        lanes += _hash_cells(cells, secret)
        _mix(lanes)
    return lanes


def _hash_cells(cells: pa.Array, secret: Words) -> Words:
    """Return hashes of cells, or their 64-bit values: `[LANES, rows]` or `[rows]`."""
    if pa.types.is_string(cells.type):
        distinct, indices = distinct_texts(cells)
        hashes = _hash_texts(distinct, secret)
        if indices is not None:
            hashes = hashes[:, indices.to_numpy()]
    else:
        hashes = _fixed_words(cells)
    if not cells.null_count:
        return hashes
    return np.where(pc.is_null(cells).to_numpy(zero_copy_only=False), secret[:, 1:2], hashes)


def _mix(words: Words) -> None:
    """Spread each bit of each word over all its bits, like the finalizer of MurmurHash3."""
    scratch = words >> _SHIFT
    for factor in (_FIRST_FACTOR, _SECOND_FACTOR):
        words ^= scratch
        words *= factor
        np.right_shift(words, _SHIFT, out=scratch)
    words ^= scratch


def _fixed_words(cells: pa.Array) -> Words:
    """Return numbers, booleans and times as 64 bits each."""
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.uint8())
    elif pa.types.is_date32(cells.type):
        cells = cells.cast(pa.int32())
    elif pa.types.is_timestamp(cells.type):
        cells = cells.cast(pa.int64())
    values = pc.fill_null(cells, 0).to_numpy()
    words: Words = values.view(np.uint64) if values.itemsize == 8 else values.astype(np.uint64)
    return words


def _hash_texts(texts: pa.Array, secret: Words) -> Words:
    """Return hashes of texts; the hash of a missing text has no meaning."""
    offsets, data = _text_words(texts)
    starts, lengths = offsets[:-1], np.diff(offsets)
    hashes = np.repeat(secret[:, 2:3], len(texts), axis=1)
    is_long = lengths > MAX_SHORT_BYTES
    remaining = np.flatnonzero((lengths > 0) & ~is_long)
    for done in range(0, MAX_SHORT_BYTES, _WORD_BYTES):
        if not remaining.size:
            break
        rest = lengths[remaining] - done
        words = data[starts[remaining] + done] & _MASKS[np.minimum(rest, _WORD_BYTES)]
        mixed = hashes[:, remaining] + words
        _mix(mixed)
        hashes[:, remaining] = mixed
        remaining = remaining[rest > _WORD_BYTES]
    for index in np.flatnonzero(is_long):
        hashes[:, index] = [_hash_long(texts[int(index)].as_buffer(), lane) for lane in secret]
    # Texts that differ only in trailing zero bytes differ only in length.
    hashes += lengths.astype(np.uint64) ^ secret[:, 3:4]
    _mix(hashes)
    return hashes


def _text_words(texts: pa.Array) -> tuple[npt.NDArray[np.int32], Words]:
    """Return the offsets of the texts, and the word that starts at each byte."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    used = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data else np.empty(0, np.uint8)
    padded = np.concatenate([used, np.zeros(_WORD_BYTES, np.uint8)])
    words: Words = np.ndarray(len(used) + 1, np.dtype("<u8"), buffer=padded, strides=(1,))
    return ends - ends[0], words


def _hash_long(text: pa.Buffer, lane: Words) -> int:
    return int.from_bytes(blake2b(text, digest_size=8, key=lane.tobytes()).digest(), "little")
