"""Doing things at the same time that wait for containers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def together[Made](*makers: Callable[[], Made]) -> list[Made]:
    """Return what each of them makes; the first one that fails counts."""
    with ThreadPoolExecutor(len(makers)) as pool:
        return [future.result() for future in [pool.submit(make) for make in makers]]
