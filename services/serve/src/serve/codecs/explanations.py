"""Explanations of predictions as JSON and as table columns."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from serve.codecs.predictions import unique_name
from serve.schema.model_json import Class

EXPLANATIONS: Final = "explanations"
EXPLANATION_METHOD: Final = "explanation_method"
BASE_VALUE: Final = "base_value"
CONTRIBUTIONS: Final = "contributions"
PRIVATE_COLUMNS: Final = "private_columns"
CLASS: Final = "class"


class ExplainedColumns(NamedTuple):
    """What has a contribution."""

    names: Sequence[str]
    """The columns with a contribution of their own, in the order of the signature."""
    has_private: bool
    """Whether there are private columns, which have one contribution together."""

    def table_names(self, used: Collection[str]) -> list[str]:
        """Return names for the columns of an explanation; none of them is in `used`."""
        last = [PRIVATE_COLUMNS] if self.has_private else []
        contributions = [f"contribution_{name}" for name in [*self.names, *last]]
        taken, names = {*used}, []
        for wanted in [BASE_VALUE, *contributions]:
            names.append(unique_name(wanted, taken))
            taken.add(names[-1])
        return names


class Explanation(NamedTuple):
    """The contributions to the predictions of N rows; NaN where an output is not finite.

    Base value and contributions of a row add up to the explained output: the number, or the
    probability of the predicted class.
    """

    base_values: NDArray[np.float64]
    """The mean output for the background rows, [N]."""
    contributions: NDArray[np.float64]
    """One for each of `ExplainedColumns.names`, then that of all private columns, if any, [N,P]."""
    labels: NDArray[Any] | None = None
    """The index of the class whose probability is explained, [N]."""

    def columns(self) -> list[NDArray[np.float64]]:
        """Return the columns of `ExplainedColumns.table_names`."""
        return [self.base_values, *self.contributions.T]


def each_explanation(
    explanation: Explanation, columns: ExplainedColumns, classes: Sequence[Class] | None
) -> list[dict[str, Any]]:
    """Return the explanation of each row as a JSON object; NaN stands for null."""
    rows = []
    for place, contributions in enumerate(explanation.contributions.tolist()):
        row: dict[str, Any] = {}
        if classes is not None and explanation.labels is not None:
            row[CLASS] = classes[explanation.labels[place]]
        row[BASE_VALUE] = float(explanation.base_values[place])
        row[CONTRIBUTIONS] = dict(zip(columns.names, contributions, strict=False))
        if columns.has_private:
            row[PRIVATE_COLUMNS] = contributions[-1]
        rows.append(row)
    return rows


def explanation_texts(explanation: Explanation) -> list[list[str]]:
    """Return the columns as texts; empty where an output is not finite."""
    return [[_text(number) for number in column.tolist()] for column in explanation.columns()]


def _text(number: float) -> str:
    text = orjson.dumps(number).decode()
    return "" if text == "null" else text
