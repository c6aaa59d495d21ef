"""Parallel work: in order, in bounded memory, and stopped by an error."""

import threading
from collections.abc import Iterator

import pytest
from clean.tables.parallel import THREADS, map_ahead


def test_results_come_in_order_whichever_is_ready_first() -> None:
    second_is_done = threading.Event()

    def slow_first(item: int) -> int:
        if item == 0 and THREADS > 1:
            assert second_is_done.wait(timeout=30)
        if item == 1:
            second_is_done.set()
        return item * 10

    assert list(map_ahead(slow_first, range(9))) == [item * 10 for item in range(9)]


def test_only_so_many_items_are_taken_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_ahead(lambda item: item, items())

    assert next(results) == 0
    assert len(taken) == THREADS + 1
    assert next(results) == 1
    assert len(taken) == THREADS + 2


def test_a_failure_is_raised_where_the_result_is_asked_for() -> None:
    def fail(item: int) -> int:
        if item == 3:
            raise ValueError(item)
        return item

    results = map_ahead(fail, range(9))

    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="3"):
        next(results)
