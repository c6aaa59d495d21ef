"""Models with a few changed bytes."""

import random
from collections.abc import Iterator

from hostile_publishing import Make, right_files, with_files


def mutations(*, seed: int) -> Iterator[Make]:
    """Yield models of which one file has a few bytes changed, and hashes that are right."""
    chance = random.Random(seed)  # noqa: S311  # the same ones again and again
    files = right_files()
    while True:
        name = chance.choice(["model.onnx", "model.onnx", "model.json", "examples.jsonl"])
        content = bytearray(files[name])
        for _ in range(chance.choice([1, 1, 2, 5, 20])):
            _mutate(content, chance)
        yield with_files(**{name.replace(".", "__"): bytes(content)})


def _mutate(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) or 1)
    match chance.randrange(5):
        case 0:
            content[place : place + 1] = bytes([chance.randrange(256)])
        case 1:
            content[place:place] = bytes(chance.randrange(256) for _ in range(chance.randrange(9)))
        case 2:
            del content[place : place + chance.randrange(1, 30)]
        case 3:
            content[place : place + 8] = b"\xff" * 8
        case _:
            length = chance.randrange(1, 60)
            content[place:place] = content[place : place + length]
