"""A stream that another thread reads, so that signals are answered while a driver waits."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress


class _End:
    """Marks the end of a stream."""


def in_background[Item](
    items: Callable[[], Iterator[Item]], *, cancel: Callable[[], None]
) -> Generator[Item]:
    """Yield what `items` yields, or raise what it raises; at most two items wait.

    `cancel` is called from this thread when the stream is left before its end.
    """
    passed: queue.Queue[Item | BaseException | _End] = queue.Queue(maxsize=1)
    left = threading.Event()

    def read() -> None:
        try:
            for item in items():
                passed.put(item)
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            passed.put(error)
        else:
            passed.put(_End())

    # A daemon, since a driver that waits for its server would keep the process from ending.
    threading.Thread(target=read, daemon=True).start()
    is_over = False
    try:
        while True:
            item = passed.get()
            is_over = isinstance(item, BaseException | _End)
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, _End):
                return
            yield item
    finally:
        if not is_over:
            left.set()
            cancel()
            with suppress(queue.Empty):
                passed.get_nowait()
