"""Work on several cores, in order: what comes out does not depend on which core was faster."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

THREADS = min(4, os.process_cpu_count() or 1)
"""Threads rather than processes: Arrow and NumPy work without Python's lock. Each holds a batch."""


def map_ahead[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Yield the result for each item in order, while the next `THREADS` are being worked on."""
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
        # After an error, or if nobody asks on, what is not begun is left undone.
        pool.shutdown(cancel_futures=True)
