"""Traffic by minute: what a worker records, and what survives it."""

import gc
import weakref
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import Worker
from serve.api.predictions.routes import PREDICTION_ROUTES
from serve.api.worker_state import WorkerState
from serve.runtime.clock import SteadyClock
from serve.runtime.counters import Counters
from serve.runtime.shared_state import SharedState
from serve.traffic.minutes import (
    MAX_BYTES,
    Minute,
    Recorder,
    RowTotals,
    Totals,
    read_minutes,
    totals_of,
    unpack,
)
from serve_testing.made_models import DIAMONDS, field, publish_model

ROW = {"carat": 1, "cut": "Good"}
NEXT = DIAMONDS.but(id="d" * 16)
NOON = 12 * 60 * 60.0


class Clock(SteadyClock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = NOON

    def now(self) -> float:
        """Return the set time."""
        return self.seconds

    def shift(self) -> float:
        """Return nothing: the system's clock is this one."""
        return 0.0


class Traffic:
    """The minutes of one worker whose counters a test counts up."""

    def __init__(self, kept: Sequence[bytes] = ()) -> None:
        self.clock = Clock()
        self.counters = Counters()
        self.recorder = Recorder(kept, self.totals(), now=self.clock.now)

    def totals(self) -> Totals:
        return totals_of(self.counters, None, predictions={"/predict"})

    def answer(self, times: int = 1, *, status: int = 200, route: str = "/predict") -> None:
        for _ in range(times):
            self.counters.answered(route, status, 0.003)

    def tick(self, *, seconds: float) -> list[Minute]:
        self.clock.seconds += seconds
        self.recorder.update(self.totals())
        return [*read_minutes(self.recorder.minutes())]


def counts(minutes: list[Minute]) -> dict[int, dict[str, int]]:
    return {minute.number - int(NOON // 60): minute.answers for minute in minutes}


def test_a_minute_rolls_over_at_its_end() -> None:
    traffic = Traffic()
    traffic.answer(3)
    traffic.tick(seconds=59)
    traffic.answer(2, status=422)
    traffic.tick(seconds=1)
    traffic.answer(1)

    assert counts(traffic.tick(seconds=1)) == {0: {"2xx": 3, "4xx": 2}, 1: {"2xx": 1}}


def test_a_minute_without_traffic_takes_no_space() -> None:
    traffic = Traffic()
    traffic.answer()
    for _ in range(10):
        traffic.tick(seconds=60)
    traffic.answer()

    assert counts(traffic.tick(seconds=1)) == {0: {"2xx": 1}, 10: {"2xx": 1}}


def test_a_minute_is_forgotten_after_an_hour() -> None:
    traffic = Traffic()
    for _ in range(100):
        traffic.answer()
        minutes = traffic.tick(seconds=60)
    oldest = minutes[0].number - minutes[-1].number

    assert (len(minutes), oldest) == (60, -59)


def test_what_was_counted_before_a_gap_belongs_to_the_minute_before_it() -> None:
    traffic = Traffic()
    traffic.answer()

    assert counts(traffic.tick(seconds=600)) == {0: {"2xx": 1}}


def test_routes_that_predict_nothing_are_counted_apart() -> None:
    traffic = Traffic()
    traffic.answer(2, route="/metrics")
    [minute] = traffic.tick(seconds=1)

    assert (minute.answers, minute.others, sum(minute.latencies)) == ({}, 2, 0)


def test_only_successful_predictions_have_a_latency() -> None:
    traffic = Traffic()
    traffic.answer(2)
    traffic.answer(5, status=503)
    [minute] = traffic.tick(seconds=1)

    assert minute.latencies == [0, 0, 0, 0, 2, *[0] * 10]


def test_the_causes_of_errors_are_limits_and_statuses() -> None:
    traffic = Traffic()
    traffic.counters.refuse("load")
    traffic.counters.fail(422)
    traffic.tick(seconds=60)
    traffic.counters.refuse("load")
    earlier, later = traffic.tick(seconds=1)

    assert earlier.causes == {"load": 1, "422": 1}
    assert later.causes == {"load": 1}


def test_a_replaced_worker_continues_the_minute_of_the_one_before() -> None:
    traffic = Traffic()
    traffic.answer(3)
    traffic.tick(seconds=1)
    successor = Traffic(traffic.recorder.minutes())
    successor.answer(2)
    minutes = successor.tick(seconds=2)

    assert [minute.answers for minute in minutes] == [{"2xx": 3}, {"2xx": 2}]
    assert len({minute.number for minute in minutes}) == 1


def test_the_oldest_minutes_are_dropped_where_they_take_too_much_space() -> None:
    traffic = Traffic()
    for second in range(9000):  # More models go live than any pipeline trains.
        traffic.answer()
        traffic.recorder.update(traffic.totals())
        traffic.recorder.begin(traffic.totals(), model=f"{second:016x}")
    minutes = traffic.recorder.minutes()
    models = [minute.model for minute in read_minutes(minutes)]

    assert sum(map(len, minutes)) <= MAX_BYTES < 9000 * len(minutes[0])
    assert models[-1] == f"{8998:016x}"


def test_a_clock_that_is_set_back_steps_over_no_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SteadyClock()
    before = clock.now()
    monkeypatch.setattr("time.time", lambda: before - 7200)

    assert 0 <= clock.now() - before < 60
    assert -7260 < clock.shift() <= -7200


def test_the_clock_shows_the_time_of_day() -> None:
    clock = SteadyClock()

    assert abs(clock.shift()) < 1


class Workers:
    """Workers that follow one volume, and share one memory and one clock."""

    def __init__(self, volume: Path, count: int, **settings: Any) -> None:
        self.settings = settings
        self.shared_state = SharedState(count)
        self.clock = self.shared_state.clock = Clock()
        self.volume = volume
        self.workers = [self.start(number) for number in range(count)]

    def start(self, number: int) -> Worker:
        state = WorkerState(self.shared_state, number)
        return Worker(self.volume, worker_state=state, **self.settings)

    def tick(self, *, seconds: float = 0) -> None:
        self.clock.seconds += seconds
        for worker in self.workers:
            worker.service.tick(connections=0)


@pytest.fixture
def workers(tmp_path: Path) -> Workers:
    publish_model(tmp_path, DIAMONDS)
    return Workers(tmp_path, 2)


def rows_by_model(worker: Worker) -> dict[str, int]:
    models = worker.ask("GET", "/page/live").json()["models"]
    return {model["id"]: model["rows"] for model in models}


def test_the_minutes_of_all_workers_are_added_up(workers: Workers) -> None:
    first, second = workers.workers
    for rows in (1, 2):
        first.predict(*[ROW] * rows)
        second.predict(*[ROW | {"carat": 99}] * rows)
        second.predict({})
        workers.tick(seconds=60)
    live = first.ask("GET", "/page/live").json()

    assert [
        (minute["age"], minute["answers"], minute["causes"], minute["rows"])
        for minute in live["minutes"]
    ] == [(2, {"2xx": 2, "4xx": 1}, {"422": 1}, 2), (1, {"2xx": 2, "4xx": 1}, {"422": 1}, 4)]
    [model] = live["models"]
    [carat] = [each for each in model["columns"] if each["name"] == "carat"]
    assert (model["rows"], model["minutes"]) == (6, [[2, 2], [1, 4]])
    assert (carat["outside"], carat["series"]) == (3, [[2, 0, 1], [1, 0, 2]])
    assert (live["workers"], live["requests"], live["rows"]) == (2, 6, 6)


def test_a_replaced_worker_keeps_its_hour(workers: Workers) -> None:
    workers.workers[0].predict(ROW)
    workers.tick(seconds=60)
    workers.workers[0] = workers.start(0)
    workers.workers[0].predict(ROW)
    workers.tick(seconds=1)
    live = workers.workers[1].ask("GET", "/page/live").json()

    assert rows_by_model(workers.workers[1]) == {DIAMONDS.id: 2}
    assert [minute["rows"] for minute in live["minutes"]] == [1, 1]
    assert [swap["model"] for swap in live["swaps"]] == [DIAMONDS.id]
    assert live["since"] == NOON


def test_a_swap_within_a_minute_divides_its_rows_exactly(workers: Workers) -> None:
    first = workers.workers[0]
    first.predict(ROW, ROW, ROW)  # No tick follows: the swap itself ends what the model counts.
    publish_model(workers.volume, NEXT)
    workers.clock.seconds += 5
    first.poll()
    first.predict(ROW)
    workers.tick(seconds=0)
    live = first.ask("GET", "/page/live").json()

    assert [(model["id"], model["rows"]) for model in live["models"]] == [
        (NEXT.id, 1),
        (DIAMONDS.id, 3),
    ]
    assert live["swaps"] == [
        {"time": NOON, "model": DIAMONDS.id},
        {"time": NOON + 5, "model": NEXT.id},
    ]
    assert [minute["rows"] for minute in live["minutes"]] == [4]
    assert live["minutes"][0]["answers"] == {"2xx": 2}


def test_a_model_that_comes_back_is_marked_again(workers: Workers) -> None:
    first, second = workers.workers
    for model in (NEXT, DIAMONDS):
        publish_model(workers.volume, model)
        for worker in (first, second):
            workers.clock.seconds += 1
            worker.poll()
    workers.tick(seconds=0)
    swaps = first.ask("GET", "/page/live").json()["swaps"]

    assert [(swap["time"] - NOON, swap["model"]) for swap in swaps] == [
        (0, DIAMONDS.id),
        (1, NEXT.id),
        (3, DIAMONDS.id),
    ]


def test_the_widest_table_and_the_longest_hour_fit_into_shared_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has 1,000 columns with names of 285 bytes; each one has odd values."""
    names = [f"{number:04d} {'ä' * 140}" for number in range(1000)]
    seen = {"minimum": 0.0, "maximum": 1.0}
    fields = [
        field(name, "number", f"numbers {place}", observed=seen) for place, name in enumerate(names)
    ]
    wide = DIAMONDS.but(
        fields=fields, rows=[{names[0]: 1}], numbers=[[1.0]] * 1000, strings=(), ignored=()
    )
    publish_model(tmp_path, wide)
    workers = Workers(tmp_path, 1, max_body_bytes=8_000_000)
    [worker] = workers.workers
    assert worker.predict(dict.fromkeys(names, 7.0)).status_code == 200
    workers.tick()
    for minute in range(1, 100):
        # A busy server answers as many rows in a minute, without a value in any of them.
        totals = np.full(1000, minute * 100_000) + minute * np.arange(1000)
        counted = RowTotals(minute * 100_000, np.array([]), totals, totals)
        monkeypatch.setattr(worker.watcher.live().row_counts, "totals", lambda of=counted: of)
        workers.tick(seconds=60)
    note = workers.shared_state.read(0)
    minutes = [*read_minutes(worker.service.worker_state.all()[0].minutes)]

    assert caplog.text == ""
    assert 400_000 < len(note) < 512 * 1024
    assert len(minutes) == 60
    columns = [unpack(minute.columns, counts=2)[0].tolist() for minute in minutes]
    assert {len(each) for each in columns} == {200}
    assert columns[-1] == [*range(800, 1000)]
    live = worker.ask("GET", "/page/live")
    assert len(live.json()["models"][0]["columns"]) == 200


def test_every_prediction_route_is_known_by_name() -> None:
    assert {
        "/predict",
        "/invocations",
        "/v2/models/{name}/infer",
        "/v2/models/{name}/versions/{version}/infer",
    } == PREDICTION_ROUTES


def test_the_totals_of_a_model_are_those_since_it_went_live() -> None:
    nothing, one = np.zeros(2, np.int64), np.ones(2, np.int64)
    earlier = RowTotals(1, nothing, nothing, one)
    later = RowTotals(3, one, one, one)

    assert later.minus(None) == later
    assert later.minus(earlier).rows == 2
    assert later.minus(earlier).outside.tolist() == [0, 0]


def test_a_model_is_not_kept_alive_by_its_counts(workers: Workers) -> None:
    first = workers.workers[0]
    first.predict(ROW)
    model = weakref.ref(first.watcher.live())
    publish_model(workers.volume, NEXT)
    first.poll()
    gc.collect()

    assert model() is None


def test_answers_add_up() -> None:
    counters = Counters()
    counters.answered("/predict", 200, 0.1)
    counters.answered("/invocations", 204, 0.1)
    counters.answered("/predict", 404, 0.1)

    totals = totals_of(counters, None, predictions=PREDICTION_ROUTES)

    assert totals.answers == Counter({"2xx": 2, "4xx": 1})
