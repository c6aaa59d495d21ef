"""Concurrent calls of functions that wait for containers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def run_concurrently[Result](*functions: Callable[[], Result]) -> list[Result]:
    """Return the results of all functions; the first exception is raised."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(run) for run in functions]]
