"""Read a stream in another thread, so that signals are handled while a driver waits."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress


class _End:
    """Marks the end of a stream."""


def read_in_background[Item](
    items: Callable[[], Iterator[Item]], *, cancel: Callable[[], None]
) -> Generator[Item]:
    """Yield the items of `items()`, or raise its error.

    At most two items are read ahead: one in the queue, one that waits for it. If the caller stops
    before the end of the stream, `cancel` is called in the thread of the caller.
    """
    buffer: queue.Queue[Item | BaseException | _End] = queue.Queue(maxsize=1)
    is_abandoned = threading.Event()

    def read() -> None:
        try:
            for item in items():
                buffer.put(item)
                if is_abandoned.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            buffer.put(error)
        else:
            buffer.put(_End())

    # A daemon thread: otherwise a driver that waits for its server would block the exit.
    threading.Thread(target=read, daemon=True).start()
    is_finished = False
    try:
        while True:
            item = buffer.get()
            is_finished = isinstance(item, BaseException | _End)
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, _End):
                return
            yield item
    finally:
        if not is_finished:
            is_abandoned.set()
            cancel()
            with suppress(queue.Empty):
                buffer.get_nowait()
