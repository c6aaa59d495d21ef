"""A client that asks for predictions all the time, and what it was answered."""

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

type Answer = httpx.Response | Exception


@contextmanager
def polling(pipeline: Pipeline) -> Iterator[list[Answer]]:
    """Ask for a prediction 20 times a second while the block runs; yield what came back."""
    answers: list[Answer] = []
    ended = threading.Event()

    def poll() -> None:
        with pipeline.client() as client:
            while not ended.wait(0.05):
                try:
                    answers.append(client.post("/predict", json={"rows": [PENGUIN]}))
                except httpx.HTTPError as error:
                    answers.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join()


def failed(answers: list[Answer]) -> list[Answer]:
    """Return the answers that are no prediction."""
    return [a for a in answers if isinstance(a, Exception) or a.status_code != httpx.codes.OK]


def models(answers: list[Answer]) -> list[str]:
    """Return the models that answered, each once, in the order of their first answer."""
    found = [answer.json()["model"] for answer in answers if isinstance(answer, httpx.Response)]
    return list(dict.fromkeys(found))
