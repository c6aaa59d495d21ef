"""Log lines about columns: why they are not used, and encodings to consider."""

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from stage_contract import LOGGER

from features.preprocessing.roles import Role, count_texts

_LOOKED_AT = 1_000
_WORDS_MIN = 3
"""Mean number of words from which the log suggests the encoding "text"."""
_SHOWN_MAX = 5
_COMPARED_ROWS_MIN = 20
"""In fewer rows two columns may agree by chance."""


def log_roles(roles: Sequence[Role], sample: pa.Table, *, rare_below: int) -> None:
    """Log unused columns, values missing from an order, and columns that look like free text."""
    if constant := [role.column.name for role in roles if role.name == "constant"]:
        LOGGER.info("left out, one value in all training rows: %s", ", ".join(constant))
    if identifiers := [role.column.name for role in roles if role.name == "identifier"]:
        LOGGER.info(
            "left out like an identifier, no text stands in %d fitted rows: %s;"
            " categories = %s takes them in",
            rare_below,
            ", ".join(identifiers),
            json.dumps(identifiers, ensure_ascii=False),
        )
    inputs = [role.column.name for role in roles if role.name == "input"]
    for name, original in find_copies(sample.select(inputs)):
        LOGGER.warning(
            "'%s' says the same as '%s' in other words; one of them is enough, so add one to"
            " exclude in [features]",
            name,
            original,
        )
    for role in roles:
        values = sample[role.column.name] if role.column.name in sample.column_names else None
        if role.encoding == "ordered":
            _warn_of_unlisted(role, values)
        elif _may_be_text(role) and reads_like_text(values):
            LOGGER.info(
                "'%s' reads like a text; [features.columns.%s] encoding = \"text\" makes features"
                " of its words",
                role.column.name,
                json.dumps(role.column.name, ensure_ascii=False),
            )


def find_copies(sample: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield columns with the same information as an earlier one, and that one."""
    if sample.num_rows < _COMPARED_ROWS_MIN:
        return
    first: dict[bytes, str] = {}
    for name in sample.column_names:
        original = first.setdefault(_fingerprint(sample[name]), name)
        if original != name:
            yield name, original


def _fingerprint(values: pa.ChunkedArray) -> bytes:
    """Return what is equal for two columns of which each is a function of the other."""
    codes = values.combine_chunks().dictionary_encode(null_encoding="encode")
    digest = blake2b(np.asarray(codes.indices).tobytes(), digest_size=16)
    if 2 * len(codes.dictionary) > len(codes):
        # Where values hardly repeat, each goes with one of any other column.
        for buffer in filter(None, codes.dictionary.buffers()):
            digest.update(buffer)
    return digest.digest()


def reads_like_text(values: pa.ChunkedArray) -> bool:
    """Return whether most of the first values are distinct and have several words."""
    texts = values.drop_null()[:_LOOKED_AT]
    if not len(texts):
        return False
    spaces = pc.sum(pc.count_substring(texts, " ")).as_py()
    return len(texts.unique()) * 2 > len(texts) and spaces + len(texts) >= _WORDS_MIN * len(texts)


def _may_be_text(role: Role) -> bool:
    is_left_over = role.name == "identifier" or role.encoding == "frequency-and-ordinal"
    return is_left_over and role.column.type == "string"


def _warn_of_unlisted(role: Role, values: pa.ChunkedArray) -> None:
    rows = count_texts(values)
    unlisted = [text for text in rows if text and text not in role.categories]
    if not unlisted:
        return
    shown = ", ".join(unlisted[:_SHOWN_MAX]) + (", …" if len(unlisted) > _SHOWN_MAX else "")
    LOGGER.warning(
        "'%s': %s fitted rows hold what its order does not name, and count as missing: %s",
        role.column.name,
        f"{sum(rows[text] for text in unlisted):,}",
        f"{len(unlisted)} private values" if role.column.is_private else shown,
    )
