"""What a model does beside predicting: intervals, calibrated probabilities, a decided class."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reporting.plots.number_formats import count, number, share


def list_promises(
    document: Mapping[str, Any], names: Sequence[str], *, is_private: bool
) -> Iterator[str]:
    """Yield a sentence for each; `names` are those of the classes, in their order.

    Of a private target the setting is not told that a decision comes from: it may name classes.
    """
    if interval := document.get("interval"):
        yield _of_interval(interval, document["metrics"].get("coverage"))
    if calibration := document.get("calibration"):
        yield _of_calibration(calibration)
    if decision := document.get("decision"):
        by = {} if is_private else decision["by"]
        yield _of_decision(decision, names, by=by)


def _of_interval(interval: Mapping[str, Any], found: Mapping[str, float] | None) -> str:
    text = (
        "Each prediction comes with an interval that is to hold"
        f" {share(interval['coverage'])} of the true values"
    )
    if "rows" in interval:
        text += f", made from the errors on {count(interval['rows'])} training rows"
    if found is not None:
        ends = f"{share(found['low'])} to {share(found['high'])}"
        text += f"; of the held-out rows it holds {share(found['value'])} ({ends})"
    if "median_width" in interval:
        text += f", and half of the intervals are narrower than {number(interval['median_width'])}"
    return f"{text}."


def _of_calibration(calibration: Mapping[str, Any]) -> str:
    method, losses = calibration["method"], calibration.get("log_loss", {})
    if method == "none":
        return "Calibrating the probabilities was tried, and did not help: they are as learned."
    text = f"The probabilities are calibrated by {method}"
    if {"none", method} <= losses.keys():
        before, after = (f"{losses[name]:.4f}" for name in ("none", method))
        text += f": the log loss out of fold went from {before} to {after}"
    return f"{text}."


def _of_decision(
    decision: Mapping[str, Any], names: Sequence[str], *, by: Mapping[str, Any]
) -> str:
    asked = ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in by.items()
    )
    if "threshold" in decision:
        text = f"“{names[1]}” is named from a probability of {number(decision['threshold'])} on"
    else:
        text = "The class is named whose errors are expected to cost least"
    text += f", as the settings ask ({asked})" if asked else ", as the settings ask"
    if "rows" in decision:
        text += f", chosen on {count(decision['rows'])} predictions out of fold"
    return f"{text}. Probabilities stay as they are."
