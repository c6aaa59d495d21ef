from collections import Counter

import numpy as np
from features.splitting.hash_columns import EqualRows, has_few_distinct_rows
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=9), st.integers(14, 30))
def test_equal_rows_are_counted_exactly_while_few_are_different(
    batches: list[list[int]], max_kept: int
) -> None:
    equal = EqualRows(max_kept=max_kept)
    for batch in batches:
        equal.add(np.array(batch, np.uint64))

    rows = Counter(value for batch in batches for value in batch)
    assert equal.count() == sum(count for count in rows.values() if count > 1)


def test_of_many_different_rows_the_count_is_close_and_needs_bounded_memory() -> None:
    random = np.random.default_rng(0)
    hashes = np.repeat(random.integers(0, 2**64, 100_000, dtype=np.uint64), 2)
    equal = EqualRows(max_kept=10_000)
    for batch in np.split(random.permutation(hashes), 50):
        equal.add(batch)

    assert abs(equal.count() - 200_000) < 10_000


def test_few_different_rows_are_those_that_a_split_would_tear_by_chance() -> None:
    def hashes(different: int, each: int) -> object:
        return np.repeat(np.arange(different, dtype=np.uint64), each)

    assert has_few_distinct_rows(hashes(12, 100))
    assert not has_few_distinct_rows(hashes(200, 2))
    assert not has_few_distinct_rows(hashes(12, 1))
    assert has_few_distinct_rows(np.concatenate([hashes(90, 1), np.zeros(900, np.uint64)]))
