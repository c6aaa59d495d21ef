"""The same rows in every form that serve takes: the same numbers, bit by bit as float32."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import Worker
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, publish_model
from serve_testing.request_forms import every_form, numbers_of

ROWS = 300


def some_rows(model: MadeModel) -> list[dict[str, Any]]:
    """Return rows with missing values, categories that the model never saw, and odd numbers."""
    chance = random.Random(7)  # noqa: S311  # the same rows every time
    make = {
        "string": lambda: chance.choice(["Ideal", "Good", "Dream", "Fair", "odd", "å ø日本"]),
        "number": lambda: chance.choice([chance.lognormvariate(0, 2), 0.1, 1e-300, 1 / 3]),
        "integer": lambda: chance.choice([7, 8, 0, -3, 2**53 - 1]),
        "boolean": lambda: chance.random() < 0.5,
        "date": lambda: f"{chance.randrange(1, 9999):04}-02-28",
        "datetime": lambda: (
            f"20{chance.randrange(10, 99)}-11-24T08:00:{chance.random() * 59:09.6f}Z"
        ),
    }

    def cell(field: dict[str, Any]) -> Any:
        if field["observed"]["missing"] and chance.random() < 0.2:
            return None
        return make[field["type"]]()

    return [{field["name"]: cell(field) for field in model.fields} for _ in range(ROWS)]


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS], ids=lambda model: model.target)
def test_every_form_gives_the_same_numbers(tmp_path: Path, model: MadeModel) -> None:
    publish_model(tmp_path, model)
    worker = Worker(tmp_path, max_body_bytes=1_000_000)
    rows = some_rows(model)
    has_classes = model.classes is not None

    forms = every_form(rows, model.fields, name="test", has_classes=has_classes)
    answers = {
        form: worker.ask("POST", path, content=body, headers=headers)
        for form, (path, body, headers) in forms.items()
    }

    numbers = {
        form: numbers_of(answer, has_classes=has_classes) for form, answer in answers.items()
    }
    expected = numbers.pop("JSON")
    assert len(expected) == ROWS
    assert len(np.unique(expected, axis=0)) > 50  # so a mixed-up order would show
    # MLflow answers a CSV table of classes with labels, without numbers.
    assert len(numbers) == (7 if has_classes else 8)
    for form, found in numbers.items():
        np.testing.assert_array_equal(found, expected, form)
