"""Predictions as an Arrow IPC stream; a class that is a text comes as a dictionary."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serve.codecs.arrow.message_builder import (
    END,
    Column,
    ColumnKind,
    aligned,
    batch_message,
    dictionary_message,
    schema_message,
)
from serve.codecs.predictions import Prediction, class_text
from serve.schema.model_json import Class

_SINGLE = 4
"""Bytes of a float32."""


class ArrowAnswers:
    """Writes the answers of one model; `names` are those of the columns, of the label first."""

    def __init__(self, names: Sequence[str], classes: Sequence[Class] | None) -> None:
        self._kind = None if classes is None else _kind(classes)
        label = [] if self._kind is None else [Column(names[0], self._kind)]
        numbers = [Column(name, "float32") for name in names[len(label) :]]
        self._numbers = len(numbers)
        self._classes = self._of_classes(classes or ())
        self._head = schema_message([*label, *numbers])
        if self._kind == "dictionary":
            self._head += _dictionary([class_text(value) for value in classes or ()])
        # Python takes longer to build this than anything else, and it hangs on the rows alone.
        self._batch = lru_cache(maxsize=256)(self._make_batch)

    def stream(self, prediction: Prediction) -> bytes:
        """Return the whole stream, with one batch."""
        rows = len(prediction.values)
        width = aligned(rows * _SINGLE) // _SINGLE
        numbers = np.zeros((self._numbers, width), np.float32)
        numbers[:, :rows] = prediction.values.reshape(rows, -1).T
        labels = b"" if prediction.labels is None else self._labels(prediction.labels)
        padded = labels.ljust(aligned(len(labels)), b"\0")
        return b"".join((self._head, self._batch(rows), padded, numbers.tobytes(), END))

    def _labels(self, labels: NDArray[Any]) -> bytes:
        values = self._classes[labels]
        return (
            np.packbits(values, bitorder="little") if self._kind == "bool" else values
        ).tobytes()

    def _of_classes(self, classes: Sequence[Class]) -> NDArray[Any]:
        """Return what stands for each class in the label's column."""
        if self._kind == "dictionary":
            return np.arange(len(classes), dtype="<i4")
        return np.array(classes, np.bool_ if self._kind == "bool" else "<i8")

    def _make_batch(self, rows: int) -> bytes:
        numbers = [[rows * _SINGLE]] * self._numbers
        if self._kind is None:
            return batch_message(rows, numbers)
        label = -(-rows // 8) if self._kind == "bool" else rows * self._classes.itemsize
        return batch_message(rows, [[label], *numbers])


def _kind(classes: Sequence[Class]) -> ColumnKind:
    kinds = set(map(type, classes))
    if kinds == {bool}:
        return "bool"
    return "int64" if kinds == {int} else "dictionary"


def _dictionary(texts: Sequence[str]) -> bytes:
    data = [text.encode() for text in texts]
    places = np.cumsum([0, *map(len, data)], dtype="<i4").tobytes()
    whole = b"".join(data)
    message = dictionary_message(len(texts), [[len(places), len(whole)]])
    body = [each.ljust(aligned(len(each)), b"\0") for each in (places, whole)]
    return message + b"".join(body)
