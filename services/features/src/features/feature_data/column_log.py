"""Log messages about columns: why a column is not used, and which encoding may fit better."""

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stage_contract import LOGGER

from features.preprocessing.roles import Role, count_texts

_MAX_SAMPLE_VALUES = 1_000
"""Maximum number of values to read when testing for free text."""
_MIN_MEAN_WORDS = 3
"""Minimum mean number of words per value for which the log suggests encoding = "text"."""
_MAX_SHOWN_VALUES = 5
_MIN_COMPARED_ROWS = 20
"""In fewer rows two columns may agree by chance."""


def log_roles(roles: Sequence[Role], sample: pa.Table, *, rare_below: int) -> None:
    """Log unused columns, values missing from an order, and columns that look like free text."""
    if constant := [role.column.name for role in roles if role.name == "constant"]:
        LOGGER.info("not used, the same value in all training rows: %s", ", ".join(constant))
    if identifiers := [role.column.name for role in roles if role.name == "identifier"]:
        LOGGER.info(
            "not used, like an identifier: no value is in %d fitted rows or more: %s;"
            " to use them, set categories = %s in [features]",
            rare_below,
            ", ".join(identifiers),
            json.dumps(identifiers, ensure_ascii=False),
        )
    inputs = [role.column.name for role in roles if role.name == "input"]
    for name, original in find_redundant_columns(sample.select(inputs)):
        LOGGER.warning(
            "'%s' says the same as '%s' in other words; one of them is enough, so add one to"
            " exclude in [features]",
            name,
            original,
        )
    for role in roles:
        values = sample[role.column.name] if role.column.name in sample.column_names else None
        if role.encoding == "ordered":
            _warn_about_unlisted_categories(role, values)
        elif _may_be_text(role) and looks_like_text(values):
            LOGGER.info(
                "'%s' looks like free text; [features.columns.%s] encoding = \"text\" makes a"
                " feature of each frequent word",
                role.column.name,
                json.dumps(role.column.name, ensure_ascii=False),
            )


def find_redundant_columns(sample: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (name, original) for columns whose values map one-to-one to an earlier column."""
    if sample.num_rows < _MIN_COMPARED_ROWS:
        return
    first: dict[bytes, str] = {}
    for name in sample.column_names:
        original = first.setdefault(_fingerprint(sample[name]), name)
        if original != name:
            yield name, original


def _fingerprint(values: pa.ChunkedArray) -> bytes:
    """Return a digest that is equal for two columns if each is a function of the other."""
    codes = values.combine_chunks().dictionary_encode(null_encoding="encode")
    digest = blake2b(np.asarray(codes.indices).tobytes(), digest_size=16)
    if 2 * len(codes.dictionary) > len(codes):
        # If values hardly repeat, any column is a function of them: compare the values, too.
        for buffer in filter(None, codes.dictionary.buffers()):
            digest.update(buffer)
    return digest.digest()


def looks_like_text(values: pa.ChunkedArray) -> bool:
    """Return whether most of the first values are distinct and have several words."""
    texts = values.drop_null()[:_MAX_SAMPLE_VALUES]
    if not len(texts):
        return False
    spaces = pc.sum(pc.count_substring(texts, " ")).as_py()
    words = spaces + len(texts)
    return len(texts.unique()) * 2 > len(texts) and words >= _MIN_MEAN_WORDS * len(texts)


def _may_be_text(role: Role) -> bool:
    is_high_cardinality = role.name == "identifier" or role.encoding == "frequency-and-ordinal"
    return is_high_cardinality and role.column.type == "string"


def _warn_about_unlisted_categories(role: Role, values: pa.ChunkedArray) -> None:
    rows = count_texts(values)
    unlisted = [text for text in rows if text and text not in role.categories]
    if not unlisted:
        return
    shown = ", ".join(unlisted[:_MAX_SHOWN_VALUES])
    if len(unlisted) > _MAX_SHOWN_VALUES:
        shown += ", …"
    LOGGER.warning(
        "'%s': %s fitted rows have values that its order does not list; they count as missing: %s",
        role.column.name,
        f"{sum(rows[text] for text in unlisted):,}",
        f"{len(unlisted)} private values" if role.column.is_private else shown,
    )
