"""Batching: several requests share one run of the graph."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from serve.codecs.column_rows import ColumnRows
from serve.codecs.columns import Table, concatenate_tables
from serve.codecs.media_types import Headers, RawResponse
from serve.codecs.packing import UNUSUAL
from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed
from serve.model.models import Model
from serve.problems import RequestError
from serve.schema.cells import CellError

_MAX_ROWS = 2000
"""A batch with this many rows takes no more requests, however few bytes they have."""


class BatchedRequest(NamedTuple):
    """One request of a batch."""

    path: str
    headers: Headers
    body: bytes


type Batcher = Callable[[Model, Sequence[BatchedRequest]], list[RawResponse | None]]
"""Answers requests of the same kind; None for a request that must be handled alone."""


def answer_json_batch(model: Model, bodies: Iterable[bytes]) -> list[bytes | None]:
    """Answer JSON bodies with JSON; None for a body that must be parsed alone."""
    found: list[Sequence[Any]] = []
    rows: list[Any] = []
    for body in bodies:
        try:
            found.append(() if len(rows) >= _MAX_ROWS else model.json_rows.fast.decode(body))
        except UNUSUAL:
            found.append(())
        rows += found[-1]
    try:
        feed = model.json_rows.fast.pack(rows) if rows else {}
    except UNUSUAL:
        feed = {}
    if not feed:
        return [None] * len(found)
    responses = model.response_writer.json_of_each(model.run(feed), map(len, filter(None, found)))
    return [next(responses) if each else None for each in found]


def answer_table_batch[Read](
    model: Model,
    requests: Sequence[BatchedRequest],
    *,
    read: Callable[[Model, BatchedRequest], tuple[Read, Table]],
    write: Callable[[Model, Read, Prediction], RawResponse],
) -> list[RawResponse | None]:
    """Answer requests that are parsed as tables; tables of the same form share one run."""
    found: dict[int, tuple[Read, Table]] = {}
    rows = 0
    for place, each in enumerate(requests):
        if rows >= _MAX_ROWS:
            break
        one = _unless_wrong(read, model, each)
        if one is not None and one[1].rows:
            found[place] = one
            rows += one[1].rows
    packed = [*_pack(model.column_rows, {place: table for place, (_, table) in found.items()})]
    places = [place for some, _ in packed for place in some]
    counts = [found[place][1].rows for place in places]
    responses: list[RawResponse | None] = [None] * len(requests)
    predictions = model.run_each([feed for _, feed in packed], counts)
    for place, prediction in zip(places, predictions, strict=True):
        responses[place] = _unless_wrong(write, model, found[place][0], prediction)
    return responses


def _pack(columns: ColumnRows, tables: Mapping[int, Table]) -> Iterator[tuple[list[int], Feed]]:
    """Yield the graph's inputs and the indexes of their tables; invalid tables are omitted."""
    by_layout: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, table in tables.items():
        by_layout[table.layout()].append(place)
    waiting = deque(by_layout.values())
    while waiting:
        places = waiting.popleft()
        try:
            yield places, columns.pack(concatenate_tables([tables[place] for place in places]))
        except CellError:
            if len(places) > 1:
                waiting.extend([place] for place in places)


def _unless_wrong[**Given, Result](
    function: Callable[Given, Result], *given: Given.args, **more: Given.kwargs
) -> Result | None:
    """Return None for an invalid request: handled alone, it gets its error response."""
    try:
        return function(*given, **more)
    except RequestError:
        return None
