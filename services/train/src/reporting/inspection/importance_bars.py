"""Bars of the feature importance."""

import math
from dataclasses import dataclass

from reporting.inspection.permutation_importance import Importances
from reporting.plots.axes import Axis
from reporting.plots.number_formats import decimals
from reporting.plots.plot import at, box

MAX_SHOWN = 25


@dataclass(frozen=True)
class ImportanceRow:
    """One bar of the feature importance."""

    column: str
    loss: str
    deviation: str
    says: str
    bar: str
    span: str
    """Ends of the line that shows the standard deviation."""


def importance_rows(importances: Importances) -> list[ImportanceRow]:
    """Return the bars of the most important columns, on one axis that starts at 0."""
    shown = importances.columns[:MAX_SHOWN]
    most = max(0.0, *(each.loss + each.deviation for each in shown))
    axis = Axis("", 0.0, most or 1.0, start=0, stop=100)
    # Digits relative to the largest value, so that all bars are comparable.
    digits = max(0, 3 - math.floor(math.log10(most))) if most else 3
    rows = []
    for each in shown:
        low, middle, high = axis.place(
            [each.loss - each.deviation, each.loss, each.loss + each.deviation]
        )
        loss, deviation = (decimals(value, digits) for value in (each.loss, each.deviation))
        rows.append(
            ImportanceRow(
                each.column,
                loss=loss,
                deviation=deviation,
                says=f"{loss}, deviation {deviation}",
                bar=box(0, 3, float(middle), 15) if middle > 0 else "",
                span=f"M{at(low)} 9H{at(high)}" if high > low else "",
            )
        )
    return rows
