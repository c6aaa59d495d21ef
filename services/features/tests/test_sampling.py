import numpy as np
from features.data.timestamps import TimestampQuantile
from features.splitting.sampling import LowestHashes
from hypothesis import given
from hypothesis import strategies as st


@given(
    st.lists(st.lists(st.integers(0, 20), max_size=8), max_size=8),
    st.integers(1, 10),
)
def test_the_lowest_hashes_are_chosen_and_of_equal_ones_the_first(
    batches: list[list[int]], rows: int
) -> None:
    lowest = LowestHashes(rows)
    start = 0
    for batch in batches:
        lowest.add(np.array(batch, np.uint64), np.arange(start, start + len(batch)))
        start += len(batch)

    flat = [value for batch in batches for value in batch]
    expected = sorted(sorted(range(len(flat)), key=lambda place: (flat[place], place))[:rows])
    assert lowest.positions().tolist() == expected


def test_a_quantile_of_few_instants_is_exact() -> None:
    quantile = TimestampQuantile()
    quantile.add(np.array([5, 1, 4]))
    quantile.add(np.array([2, 3]))

    assert quantile.quantile(0.8) == 5
    assert quantile.quantile(0.2) == 2


def test_a_quantile_of_many_instants_is_close_and_needs_bounded_memory() -> None:
    quantile = TimestampQuantile(max_kept=100)
    for start in range(0, 10_000, 7):
        quantile.add(np.arange(start, min(start + 7, 10_000)))

    found = quantile.quantile(0.8)
    assert found is not None
    assert abs(found - 8_000) <= 100


def test_the_quantile_of_nothing_is_none() -> None:
    assert TimestampQuantile().quantile(0.8) is None
