"""Overload: what a running server does with ten times the rows that it can take.

    .envs/serve/bin/python bench/overload.py http://127.0.0.1:8000 row.json

`row.json` holds one row as an object; requests of 1,000 such rows are sent at random moments, first
at half of what the server can take, then at ten times as much. It only ever asks this machine.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import uvloop  # type: ignore[import-not-found]  # of the environment of serve

_CONNECTIONS = 400
_REFUSED = 503
_LOOK_SECONDS = 10
_FLAT_MEGABYTES = 16
"""Maximum growth of memory between the first and the second half of an overload."""
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass
class Outcome:
    """The outcome of the requests of one phase."""

    accepted: list[float] = field(default_factory=list)
    """Latencies of accepted requests, in seconds."""
    refused: list[float] = field(default_factory=list)
    other: int = 0
    unsent: int = 0
    """Number of requests that were not sent because all connections were busy."""
    lags: list[float] = field(default_factory=list)
    """Delay of this client when sending; more than milliseconds invalidates the run."""


class Client:
    """Sends the same request repeatedly over persistent connections."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self._address = host, port
        self._request = request
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._made = 0

    async def ask(self, outcome: Outcome) -> None:
        """Send one request and record its outcome."""
        # The server closes idle connections.
        while self._free and self._free[-1][0].at_eof():
            self._free.pop()[1].close()
            self._made -= 1
        if not self._free:
            if self._made == _CONNECTIONS:
                outcome.unsent += 1
                return
            self._made += 1
            self._free.append(await asyncio.open_connection(*self._address))
        reader, writer = connection = self._free.pop()
        began = time.perf_counter()
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        seconds = time.perf_counter() - began
        status = int(head[9:12])
        if status == 200:
            outcome.accepted.append(seconds)
        elif status == _REFUSED and b"retry-after" in head.lower():
            outcome.refused.append(seconds)
        else:
            outcome.other += 1
        await writer.drain()
        self._free.append(connection)


async def sustainable(client: Client, seconds: float) -> float:
    """Return the requests per second that two clients get answered without pauses."""
    outcome, end = Outcome(), time.perf_counter() + seconds

    async def keep_asking() -> None:
        while time.perf_counter() < end:
            await client.ask(outcome)

    await asyncio.gather(keep_asking(), keep_asking())
    return len(outcome.accepted) / seconds


async def at_rate(client: Client, rate: float, seconds: float) -> Outcome:
    """Send requests at random times, `rate` per second on average."""
    outcome, tasks = Outcome(), set[asyncio.Task[None]]()
    began = time.perf_counter()
    for moment in _moments(rate, seconds):
        await asyncio.sleep(max(0.0, began + moment - time.perf_counter()))
        outcome.lags.append(time.perf_counter() - began - moment)
        task = asyncio.create_task(client.ask(outcome))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return outcome


def _moments(rate: float, seconds: float) -> Iterator[float]:
    chance = random.Random(1)  # noqa: S311  # the same moments in every run
    moment = chance.expovariate(rate)
    while moment < seconds:
        yield moment
        moment += chance.expovariate(rate)


def p99(seconds: list[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1000 if len(seconds) > 1 else float("nan")


def resident_megabytes(url: str) -> float:
    """Return the memory of all workers."""
    with urlopen(f"{url}/metrics") as answer:  # noqa: S310  # this machine's own server
        lines = answer.read().decode().splitlines()
    name = "process_resident_memory_bytes{"
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name)) / 1e6


async def watched(url: str, work: Awaitable[Outcome]) -> tuple[Outcome, list[float]]:
    """Return an outcome, and the memory of all workers every ten seconds meanwhile."""
    sizes = [resident_megabytes(url)]

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            sizes.append(await asyncio.to_thread(resident_megabytes, url))

    looking = asyncio.create_task(look())
    outcome = await work
    looking.cancel()
    return outcome, [*sizes, resident_megabytes(url)]


async def main(  # noqa: PLR0913  # all but two by name
    url: str, row: object, *, rows: int, seconds: float, overload: float, max_wait: float
) -> bool:
    """Run all phases, print the outcomes, and return whether the bars hold."""
    parts = urlsplit(url)
    body = json.dumps({"rows": [row] * rows}).encode()
    head = f"POST /predict HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    client = Client(parts.hostname or "", parts.port or 80, request)
    rate = await sustainable(client, seconds / 3)
    print(f"sustainable: {rate:.0f} requests/s of {rows:,} rows")
    half = await at_rate(client, rate / 2, seconds)
    over, sizes = await watched(url, at_rate(client, rate * 10, overload))
    ratio = p99(over.accepted) / p99(half.accepted)
    print(f"half load: {len(half.accepted)} accepted, p99 {p99(half.accepted):.1f} ms")
    print(f"tenfold: {len(over.accepted)} accepted, p99 {p99(over.accepted):.1f} ms: {ratio:.1f}x")
    print(f"         {len(over.refused)} refused, p99 {p99(over.refused):.1f} ms")
    print(f"         {over.other} other, {over.unsent} not sent")
    middle = len(sizes) // 2
    print(
        f"         memory {sizes[0]:.0f} MB before, at most {max(sizes[:middle]):.0f} MB in the"
        f" first half, {max(sizes[middle:]):.0f} MB in the second"
    )
    print(f"this client was late by {p99(half.lags):.1f} and {p99(over.lags):.1f} ms (p99)")
    # Accepted requests wait for at most `max_wait` of CPU time; refusals take CPU time as well.
    longest = 3 * (p99(half.accepted) + 1000 * max_wait)
    grown = max(sizes[middle:]) - max(sizes[:middle])
    is_flat = grown < _FLAT_MEGABYTES
    return p99(over.accepted) <= longest and is_flat and not over.other


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("row", type=Path, help="a file with one row as a JSON object")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each phase")
    parser.add_argument("--overload-seconds", type=float, help="of the last; by default the same")
    parser.add_argument(
        "--max-wait-seconds", type=float, default=1.0, help="as the server has it in [serve]"
    )
    given = parser.parse_args()
    if urlsplit(given.url).hostname not in _LOCAL:
        sys.exit(f"{given.url}: only a server on this machine is ever loaded")
    row = json.loads(given.row.read_text())
    overload = given.overload_seconds or given.seconds
    held = uvloop.run(
        main(
            given.url,
            row,
            rows=given.rows,
            seconds=given.seconds,
            overload=overload,
            max_wait=given.max_wait_seconds,
        )
    )
    sys.exit(0 if held else 1)
