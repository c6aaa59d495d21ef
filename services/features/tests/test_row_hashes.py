from datetime import UTC, date, datetime
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from features.splitting.row_hashes import hash_rows
from hypothesis import given
from hypothesis import strategies as st

CELLS = st.one_of(st.none(), st.text(alphabet='ab\\N\x1fu"', max_size=4))


def hashes(
    *rows: tuple[object, ...], seed: int = 0, types: list[pa.DataType] | None = None
) -> list[int]:
    kinds = types or [pa.string()] * len(rows[0])
    columns = [
        pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), kinds, strict=True)
    ]
    names = [f"c{place}" for place in range(len(columns))]
    found: list[int] = hash_rows(pa.RecordBatch.from_arrays(columns, names), seed=seed).tolist()
    return found


def test_the_hash_of_a_row_is_fixed_for_ever() -> None:
    cells = ("EWR", 3, 0.25, True, date(2013, 1, 2), datetime(2013, 1, 2, 3, tzinfo=UTC), None)
    types = [
        pa.string(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("us", tz="UTC"),
        pa.string(),
    ]

    text = "0|EWR|3|0.25|true|1357084800000000|1357095600000000|\\N".replace("|", "\x1f")
    assert hashes(cells, types=types) == [7014172267741667097]
    assert blake2b(text.encode(), digest_size=8).hexdigest() == f"{7014172267741667097:016x}"


def test_equal_rows_have_equal_hashes_wherever_they_stand() -> None:
    first, other, again = hashes(("a", "b"), ("c", "d"), ("a", "b"))

    assert first == again != other


def test_the_seed_changes_the_hash() -> None:
    assert hashes(("a",), seed=1) != hashes(("a",), seed=2)


def test_the_order_of_columns_does_not_matter() -> None:
    one = pa.RecordBatch.from_pydict({"a": ["x"], "b": ["y"]})
    other = pa.RecordBatch.from_pydict({"b": ["y"], "a": ["x"]})

    assert hash_rows(one, seed=0) == hash_rows(other, seed=0)


def test_a_column_that_widens_from_integer_to_number_keeps_its_rows() -> None:
    whole = hashes((3,), (-4,), (2**53,), types=[pa.int64()])
    wide = hashes((3.0,), (-4.0,), (2.0**53,), types=[pa.float64()])

    assert whole == wide


def test_minus_zero_is_zero() -> None:
    assert hashes((0.0,), types=[pa.float64()]) == hashes((-0.0,), types=[pa.float64()])


@given(st.tuples(CELLS, CELLS), st.tuples(CELLS, CELLS))
def test_different_rows_have_different_hashes(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert (hashes(one) == hashes(other)) == (one == other)


def test_hashes_spread_evenly() -> None:
    found = hashes(*[(str(number),) for number in range(10_000)])

    quarters = np.bincount([value >> 62 for value in found])
    assert np.allclose(quarters, 2_500, atol=150)
