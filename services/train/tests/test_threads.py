"""Parallel fits: none starts after the work has ended."""

import threading

import pytest
from train.threads import MAX_PARALLEL_FITS, parallel_fits


def test_what_ends_early_does_not_wait_for_fits_that_have_not_begun() -> None:
    begun, go_on = [], threading.Event()

    def fit(number: int) -> None:
        begun.append(number)
        go_on.wait(60)

    def end_early() -> None:
        with parallel_fits() as pool:
            waiting = [pool.submit(fit, number) for number in range(MAX_PARALLEL_FITS + 5)]
            waiting[-1].add_done_callback(lambda _cancelled: go_on.set())
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        end_early()

    assert go_on.is_set()
    assert max(begun, default=0) < MAX_PARALLEL_FITS
