"""Parallel work in order: the results do not depend on which core is faster."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

THREADS = min(4, os.process_cpu_count() or 1)
"""Number of threads; Arrow and NumPy release the GIL. Each thread holds one batch."""


def map_ahead[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Yield the result for each item in order, while the next `THREADS` items are processed."""
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(THREADS)
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > THREADS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        # After an error, or if the caller stops, pending items are not started.
        pool.shutdown(cancel_futures=True)
