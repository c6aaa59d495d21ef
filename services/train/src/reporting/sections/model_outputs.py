"""Outputs beyond the prediction: intervals, quantiles, calibration, a decision threshold."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reporting.plots.number_formats import count, number, share


def describe_outputs(
    document: Mapping[str, Any], names: Sequence[str], *, is_private: bool
) -> Iterator[str]:
    """Yield a sentence for each output; `names` are the names of the classes, in their order.

    For a private target, the setting of the decision rule is left out: it may name classes.
    """
    if interval := document.get("interval"):
        yield _of_interval(interval, document["metrics"].get("coverage"))
    if quantiles := document.get("quantiles"):
        yield _of_quantiles(quantiles)
    if calibration := document.get("calibration"):
        yield _of_calibration(calibration)
    if decision := document.get("decision"):
        by = {} if is_private else decision["by"]
        yield _of_decision(decision, names, by=by)


def _of_interval(interval: Mapping[str, Any], found: Mapping[str, float] | None) -> str:
    text = (
        f"Each prediction has an interval with a nominal coverage of {share(interval['coverage'])}"
    )
    if "rows" in interval:
        text += f"; it comes from the errors on {count(interval['rows'])} training rows"
    if found is not None:
        ends = f"{share(found['low'])} to {share(found['high'])}"
        text += f"; its coverage on held-out rows is {share(found['value'])} ({ends})"
    if "median_width" in interval:
        text += f", and its median width is {number(interval['median_width'])}"
    return f"{text}."


def _of_quantiles(quantiles: Mapping[str, Any]) -> str:
    levels = [number(level) for level in quantiles["levels"]]
    text = (
        f"Each prediction is the median, and has the quantiles {', '.join(levels)}. They never"
        " decrease within a row"
    )
    if "coverage" not in quantiles:
        return f"{text}."
    shares = [
        f"{share(found['value'])} ({share(found['low'])} to {share(found['high'])}) at {level}"
        for level, found in zip(levels, quantiles["coverage"], strict=True)
    ]
    return (
        f"{text}. The share of held-out values that are not above the quantile should be its level;"
        f" it is {', '.join(shares)}."
    )


def _of_calibration(calibration: Mapping[str, Any]) -> str:
    method, losses = calibration["method"], calibration.get("log_loss", {})
    if method == "none":
        return "Calibration did not improve the probabilities, so they are not calibrated."
    text = f"The probabilities are calibrated by {method}"
    if {"none", method} <= losses.keys():
        before, after = (f"{losses[name]:.4f}" for name in ("none", method))
        text += f": the out-of-fold log loss changed from {before} to {after}"
    return f"{text}."


def _of_decision(
    decision: Mapping[str, Any], names: Sequence[str], *, by: Mapping[str, Any]
) -> str:
    asked = ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in by.items()
    )
    if "threshold" in decision:
        text = f"The label is “{names[1]}” from a probability of {number(decision['threshold'])}"
    else:
        text = "The label is the class with the lowest expected cost"
    text += f", as set in the pipeline ({asked})" if asked else ", as set in the pipeline"
    if "rows" in decision:
        text += f", chosen on {count(decision['rows'])} out-of-fold predictions"
    return f"{text}. Probabilities are unchanged."
