"""Threads: one for each fit, and as many parallel fits as processors.

On a busy machine, a fit on several threads waits for the slowest thread at every step; this took 30
times as long. The result of sums in BLAS also depends on the number of its threads.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

MAX_PARALLEL_FITS = min(8, os.process_cpu_count() or 1)
"""Maximum number of parallel fits; each has a copy of its rows."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS, and OpenMP in this thread, to one thread."""
    with threadpool_limits(1):
        yield


@contextmanager
def parallel_fits() -> Iterator[Executor]:
    """Yield a thread pool whose fits use one thread each."""
    # OpenMP's limit belongs to the thread that sets it.
    with ThreadPoolExecutor(
        MAX_PARALLEL_FITS, initializer=threadpool_limits, initargs=(1,)
    ) as pool:
        try:
            yield pool
        finally:
            # After an early exit, such as SIGTERM, pending fits are cancelled.
            pool.shutdown(wait=False, cancel_futures=True)
