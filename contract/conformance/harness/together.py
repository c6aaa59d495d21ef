"""Calls functions concurrently that wait for containers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def together[Made](*makers: Callable[[], Made]) -> list[Made]:
    """Return the results of all functions; the first exception is raised."""
    with ThreadPoolExecutor(len(makers)) as pool:
        return [future.result() for future in [pool.submit(make) for make in makers]]
