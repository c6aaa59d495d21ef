"""Swaps under load: artifacts to offer, good and bad ones, and clients that never stop asking.

`bench/swaps.py` runs the same for longer.
"""

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, helper, numpy_helper
from stage_contract.artifacts.volumes import write_text

from serve_testing.made_models import DIAMONDS, MadeModel, publish_model
from serve_testing.processes import Server

SETTINGS = 'poll_seconds = 0.01\nsignature = "compatible"\nmax_latency_ms = 20\n'
ROW = {"carat": 1, "cut": "Good"}
PRICE = 1020.5
"""What DIAMONDS says to it; the other models add their number."""
_HEADERS = {"content-type": "application/json"}
_BODY = json.dumps({"rows": [ROW]})


class Slow(MadeModel):
    """Multiplies large matrices for each request, to no avail."""

    def graph(self) -> ModelProto:
        made = super().graph()
        graph, last = made.graph, made.graph.node[-1]
        result, last.output[0] = last.output[0], "quick"
        for name, array in (("size", np.array([2000, 2000])), ("none", np.float32(0))):
            graph.initializer.append(numpy_helper.from_array(np.array(array), name))
        graph.node.extend(
            [
                helper.make_node("ReduceSum", ["quick"], ["total"], keepdims=0),
                helper.make_node("Expand", ["total", "size"], ["wide"]),
                helper.make_node("MatMul", ["wide", "wide"], ["squared"]),
                helper.make_node("ReduceMax", ["squared"], ["largest"], keepdims=0),
                helper.make_node("Mul", ["largest", "none"], ["nothing"]),
                helper.make_node("Add", ["quick", "nothing"], [result]),
            ]
        )
        return made


class Foreign(MadeModel):
    """Names a set of operators that model.json does not."""

    def graph(self) -> ModelProto:
        made = super().graph()
        made.opset_import.append(helper.make_opsetid("com.example", 1))
        return made


def _nothing(_artifact: Path) -> None:
    """Leave an artifact as it is."""


def _flip(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)


def _tear(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[: len(content) // 2])


def _lose(artifact: Path) -> None:
    (artifact / "model.json").unlink()


def _age(artifact: Path) -> None:
    manifest = artifact / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"contract": "1.0"', '"contract": "9.0"'))


_ANY = [0.0, 0.0]
_NARROW = DIAMONDS.but(ignored=["price"])
BAD: dict[str, tuple[MadeModel, Callable[[Path], None]]] = {
    "corrupt": (DIAMONDS, _flip),
    "torn": (DIAMONDS, _tear),
    "incomplete": (DIAMONDS, _lose),
    "other contract": (DIAMONDS, _age),
    "wrong examples": (DIAMONDS.but(expected=_ANY), _nothing),
    "newer operators": (DIAMONDS.but(opset=22, expected=_ANY), _nothing),
    "foreign operators": (Foreign(**vars(DIAMONDS.but(expected=_ANY))), _nothing),
    "incompatible": (_NARROW, _nothing),
    "slow": (Slow(**vars(DIAMONDS)), _nothing),
}


@dataclass(frozen=True)
class Offers:
    """A volume with models that are all published; LATEST chooses."""

    volume: Path
    good: dict[str, float]
    """What each says to ROW."""
    bad: dict[str, str]
    """What is wrong with each."""

    def point_to(self, model: str) -> None:
        """Offer a model."""
        write_text(self.volume / "LATEST", f"{model}\n")


def make_offers(volume: Path, *, good: int) -> Offers:
    """Publish as many good models, and one of each bad kind."""
    models = {f"{number:016x}": float(number) for number in range(1, good + 1)}
    for name, number in models.items():
        publish_model(volume, DIAMONDS.but(id=name, bias=(number,)))
    bad = {f"bad{number:013x}": kind for number, kind in enumerate(BAD)}
    aside = volume.with_name("aside")
    for name, kind in bad.items():
        model, spoil = BAD[kind]
        publish_model(aside, model.but(id=name))
        spoil(aside / name)
        shutil.move(aside / name, volume / name)
    return Offers(volume, {name: PRICE + number for name, number in models.items()}, bad)


@dataclass
class Answers:
    """What clients were answered."""

    right: int = 0
    failed: list[Any] = field(default_factory=list)
    """Status and text of what was not a prediction, or the error."""
    mixed: list[Any] = field(default_factory=list)
    """What did not fit the model that it named."""
    models: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


@contextmanager
def asking(server: Server, offers: Offers, *, clients: int) -> Iterator[Answers]:
    """Ask for predictions without a pause while the block runs."""
    answers, stop = Answers(), threading.Event()

    def ask() -> None:
        connection = server.connect()
        while not stop.is_set():
            began = time.perf_counter()
            try:
                connection.request("POST", "/predict", _BODY, _HEADERS)
                answer = connection.getresponse()
                text = answer.read()
            except OSError as error:
                answers.failed.append(error)
                connection.close()
                continue
            answers.seconds.append(time.perf_counter() - began)
            _note(answers, offers, answer, text)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _note(answers: Answers, offers: Offers, answer: Any, text: bytes) -> None:
    if answer.status != 200:
        answers.failed.append((answer.status, text))
        return
    model, found = answer.headers["x-model-id"], json.loads(text)
    answers.models[model] += 1
    expected = {"model": model, "predictions": [{"price": offers.good.get(model)}]}
    if found == expected:
        answers.right += 1
    else:
        answers.mixed.append(found)


def swap(server: Server, offers: Offers, *, swaps: int, workers: int = 1, bad_every: int) -> int:
    """Swap models, one after the other, with a bad one in between now and then; return these."""
    good, bad = [*offers.good], [*offers.bad]
    refused = 0
    for number in range(1, swaps + 1):
        model = good[number % len(good)]
        offers.point_to(model)
        for _ in range(workers):
            server.wait_for(f"live: model {model}")
        if number % bad_every == 0:
            offers.point_to(bad[refused % len(bad)])
            server.wait_for("refused: ")
            refused += 1
    return refused
