"""Predictions as JSON and as table columns; each float32 is written as its shortest decimal."""

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from serve.schema.model_json import INTERVAL, QUANTILES, Class, Description


class Prediction(NamedTuple):
    """Outputs of the graph: numbers, or a class index and probabilities for each row."""

    values: NDArray[Any]
    """Numbers [N], with intervals [N,3] in the order of INTERVAL, with quantiles [N,1+Q] after the
    prediction; or probabilities [N,C]."""
    labels: NDArray[Any] | None = None


class ResponseWriter:
    """Writes the responses of one model, from precomputed templates."""

    def __init__(self, model_id: str, description: Description) -> None:
        self._target = description.target.name
        self._classes = [class_text(value) for value in description.classes or ()]
        self._head = b'{"model":"%b","predictions":[' % model_id.encode()
        self._value = b"{%b:%%b}" % _quoted(self._target)
        self._further: list[str] = []
        """Ends of the names of the columns after the predicted number."""
        if description.interval is not None:
            self._further = [*INTERVAL[1:]]
            self._add(self._further, member="interval")
        if description.quantiles is not None:
            self._add(description.quantiles.names, member=QUANTILES)
            self._further = [f"quantile_{name}" for name in description.quantiles.names]
        self._width = 1 + len(self._further) if self._further else max(1, len(self._classes))
        self._by_class = [self._class_template(value) for value in description.classes or ()]
        self._class_json = [_in_json(value) for value in description.classes or ()]

    def _add(self, names: Sequence[str], *, member: str) -> None:
        """Add an object with a number for each name to the template of a number."""
        numbers = b",".join(b"%b:%%b" % _quoted(name) for name in names)
        self._value = b"%b,%b:{%b}}" % (self._value[:-1], _quoted(member), numbers)

    def json(self, prediction: Prediction) -> bytes:
        """Return `{"model": …, "predictions": […]}`, with null for a number that is not finite."""
        (answer,) = self.json_of_each(prediction, [len(prediction.values)])
        return answer

    def json_of_each(self, prediction: Prediction, counts: Iterable[int]) -> Iterator[bytes]:
        """Yield the response of each of several requests; `counts` are their numbers of rows."""
        numbers = _decimals(prediction.values)
        width = self._width
        labels = None if prediction.labels is None else prediction.labels.tolist()
        begin = 0
        for count in counts:
            end = begin + count
            if labels is None:
                templates = [self._value] * count
            else:
                templates = [self._by_class[label] for label in labels[begin:end]]
            own_numbers = tuple(numbers[begin * width : end * width])
            yield self._head + b",".join(templates) % own_numbers + b"]}"
            begin = end

    def each_json(self, prediction: Prediction, *, top_k: int | None = None) -> list[bytes]:
        """Return the prediction of each row, at least one, as JSON.

        With `top_k`, the probabilities are a list of that many classes, the likeliest first.
        """
        width, templates = self._width, [self._value] * len(prediction.values)
        numbers = _decimals(prediction.values)
        if prediction.labels is not None:
            labels = prediction.labels.tolist()
            if top_k is not None:
                return self._likeliest_json(prediction, labels, top_k)
            templates = [self._by_class[label] for label in labels]
        return [
            template % tuple(numbers[place * width : (place + 1) * width])
            for place, template in enumerate(templates)
        ]

    def columns(self, prediction: Prediction, *, top_k: int | None = None) -> list[list[str]]:
        """Return the values of the columns in `names`, as texts."""
        if top_k is not None and prediction.labels is not None:
            return self._likeliest_columns(prediction, prediction.labels.tolist(), top_k)
        numbers = [_without_null(number) for number in _decimals(prediction.values)]
        columns = [numbers[place :: self._width] for place in range(self._width)]
        if prediction.labels is None:
            return columns
        return [[self._classes[label] for label in prediction.labels.tolist()], *columns]

    def names(self, used: Container[str], *, top_k: int | None = None) -> list[str]:
        """Return names for the columns of predictions; none of them is in `used`."""
        predicted = f"predicted_{self._target}"
        names = [predicted, *(f"probability_{text}" for text in self._classes)]
        if top_k is not None:
            ranks = range(1, min(top_k, self._width) + 1)
            names[1:] = [f"{part}_{rank}" for rank in ranks for part in ("class", "probability")]
        names += [f"{predicted}_{end}" for end in self._further]
        return [unique_name(name, used) for name in names]

    def _likeliest_json(
        self, prediction: Prediction, labels: Iterable[int], top_k: int
    ) -> list[bytes]:
        target, texts = _in_json(self._target), self._class_json
        places, numbers = _likeliest(prediction.values, top_k)
        rows = []
        for label, row_places, row_numbers in zip(labels, places, numbers, strict=True):
            listed = b",".join(
                b'{"class":%b,"probability":%b}' % (texts[place], number)
                for place, number in zip(row_places, row_numbers, strict=True)
            )
            rows.append(b'{%b:%b,"probabilities":[%b]}' % (target, texts[label], listed))
        return rows

    def _likeliest_columns(
        self, prediction: Prediction, labels: Iterable[int], top_k: int
    ) -> list[list[str]]:
        columns = [[self._classes[label] for label in labels]]
        places, numbers = _likeliest(prediction.values, top_k)
        for rank in range(min(top_k, self._width)):
            columns.append([self._classes[row[rank]] for row in places])
            columns.append([_without_null(row[rank]) for row in numbers])
        return columns

    def _class_template(self, value: Class) -> bytes:
        probabilities = b",".join(b"%b:%%b" % _quoted(text) for text in self._classes)
        shown = _in_json(value).replace(b"%", b"%%")
        return b'{%b:%b,"probabilities":{%b}}' % (_quoted(self._target), shown, probabilities)


def class_text(value: Class) -> str:
    """Return a class as in the name of its probability; booleans are `true` and `false`."""
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> bytes:
    """Return JSON text for use in a template."""
    return _in_json(text).replace(b"%", b"%%")


def _in_json(value: Class) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def likeliest_classes(probabilities: NDArray[Any], top_k: int) -> NDArray[np.intp]:
    """Return the indexes of the likeliest classes of each row, in their order.

    Of equal probabilities the first class comes first; what is not a number comes last.
    """
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :top_k]


def _likeliest(values: NDArray[Any], top_k: int) -> tuple[list[list[int]], list[list[bytes]]]:
    """Return class indexes and probabilities of each row, the likeliest first."""
    places = likeliest_classes(values, top_k)
    width = places.shape[1]
    numbers = _decimals(np.take_along_axis(values, places, axis=1))
    starts = range(0, len(numbers), width)
    return places.tolist(), [numbers[start : start + width] for start in starts]


def _decimals(values: NDArray[Any]) -> list[bytes]:
    """Return the shortest decimal of each float32, row by row; `null` if it is not finite."""
    return orjson.dumps(values.ravel(), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


def _without_null(number: bytes) -> str:
    return "" if number == b"null" else number.decode()


def unique_name(name: str, used: Container[str]) -> str:
    """Return a name for a column that is not in `used`."""
    while name in used:
        name += "_"
    return name
