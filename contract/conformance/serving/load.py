"""A client that never stops asking, and notes every answer that is wrong."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np

from conformance.harness.faults import Fault
from conformance.models.model_data import TOLERANCE, Example, largest_difference
from conformance.serving.clients import Client, Protocol


@dataclass
class Load:
    """What was answered so far to one row that is asked for again and again."""

    expected: Mapping[str, float]
    """By the id of a model, what it predicts."""
    answers: int = 0
    seen: set[str] = field(default_factory=set)
    """Ids of the models that answered."""
    wrong: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise a fault for a wrong answer."""
        if self.wrong:
            raise Fault(
                f"{len(self.wrong)} of {self.answers + len(self.wrong)} requests failed while"
                f" models were replaced: {self.wrong[0]}",
                "load and test the new model beside the live one, and switch in one assignment"
                " between two requests",
            )


@contextmanager
def under_load(
    client: Client, example: Example, expected: Mapping[str, float], protocol: Protocol
) -> Iterator[Load]:
    """Ask for one row without a pause while the block runs."""
    load, stop = Load(expected), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=client.http.base_url, timeout=client.http.timeout) as http:
            own = Client(http, client.name, client.model)
            while not stop.is_set():
                _ask_once(own, example, load, protocol)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield load
    finally:
        stop.set()
        thread.join()


def _ask_once(client: Client, example: Example, load: Load, protocol: Protocol) -> None:
    try:
        found = client.predict([example.row], protocol=protocol)
    except (Fault, httpx.TransportError) as error:
        load.wrong.append(str(error) or repr(error))
        return
    wanted = load.expected.get(found.model, np.nan)
    _, distance = largest_difference(found.numbers, np.array([wanted]))
    if distance > TOLERANCE:
        load.wrong.append(f"{found.numbers[0]} by model {found.model}, which predicts {wanted}")
        return
    load.answers += 1
    load.seen.add(found.model)
