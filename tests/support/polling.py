"""A client that requests predictions all the time, and the responses that it got."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from support.running import Pipeline

PENGUIN = {
    "island": "Biscoe",
    "bill_length_mm": 48.4,
    "bill_depth_mm": 14.4,
    "flipper_length_mm": 203,
    "body_mass_g": 4625,
    "sex": "female",
    "year": 2009,
}

type Outcome = httpx.Response | Exception


@contextmanager
def polling(pipeline: Pipeline) -> Iterator[list[Outcome]]:
    """Ask for a prediction 20 times a second while the block runs; yield what came back."""
    outcomes: list[Outcome] = []
    ended = threading.Event()

    def poll() -> None:
        with pipeline.client() as client:
            while not ended.wait(0.05):
                try:
                    outcomes.append(client.post("/predict", json={"rows": [PENGUIN]}))
                except httpx.HTTPError as error:
                    outcomes.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield outcomes
    finally:
        ended.set()
        thread.join()


def failed(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the outcomes other than a prediction."""
    return [a for a in outcomes if isinstance(a, Exception) or a.status_code != httpx.codes.OK]


def models(outcomes: list[Outcome]) -> list[str]:
    """Return the models that answered, each once, in the order of their first answer."""
    found = [outcome.json()["model"] for outcome in outcomes if isinstance(outcome, httpx.Response)]
    return list(dict.fromkeys(found))
