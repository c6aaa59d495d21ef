"""Reading a stream in another thread, so that signals are handled while a driver waits."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress


class _End:
    """Marks the end of a stream."""


def read_in_background[Item](
    items: Callable[[], Iterator[Item]], *, cancel: Callable[[], None]
) -> Generator[Item]:
    """Yield what `items` yields, or raise its error; at most two items are buffered.

    This thread calls `cancel` if the caller stops before the end of the stream.
    """
    passed: queue.Queue[Item | BaseException | _End] = queue.Queue(maxsize=1)
    left = threading.Event()

    def read() -> None:
        try:
            for item in items():
                passed.put(item)
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # raised again in the waiting thread
            passed.put(error)
        else:
            passed.put(_End())

    # A daemon thread, because a driver that waits for its server would block the exit.
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
