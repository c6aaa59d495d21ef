"""The leaderboard: the trials, best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelling.model_selection.trials import BASELINE

from reporting.plots.axes import Axis
from reporting.plots.number_formats import number, score
from reporting.plots.plot import at

MAX_SHOWN = 25
BAR_WIDTH, BAR_HEIGHT = 120, 16


@dataclass(frozen=True)
class TrialRow:
    """One trial."""

    place: int
    name: str
    settings: Sequence[tuple[str, str]]
    score: str
    deviation: str
    is_chosen: bool
    is_pruned: bool
    """Whether it was stopped after the first fold."""
    dot: str
    """Position of its score between the worst and the best one shown."""
    span: str
    """Ends of the line that shows the score's standard deviation."""


@dataclass(frozen=True)
class Leaderboard:
    """The best trials."""

    metric: str
    rows: Sequence[TrialRow]
    left_out: int
    trials: int
    """Number of all trials, without the baseline."""
    was_cut: bool = False
    """Whether the time budget ended the search."""


def rank_trials(document: Mapping[str, Any]) -> Leaderboard:
    """Return the trials of model.json, in its order, best first.

    For each candidate, only hyperparameters that vary between its trials are listed; for a
    single trial, all.
    """
    trials = document.get("candidates") or []
    shown = trials[:MAX_SHOWN]
    if not shown:
        return Leaderboard("", [], left_out=0, trials=0)
    ends = [t["score"] + sign * t["deviation"] for t in shown for sign in (-1, 1)]
    low, high = min(ends), max(ends)
    axis = Axis("", low, high if high > low else low + 1, start=4, stop=BAR_WIDTH - 4)
    chosen = _chosen(trials, document.get("estimator") or {})
    rows = [
        TrialRow(
            place,
            "baseline" if trial["name"] == BASELINE else trial["name"],
            settings=_varied_settings(trial, trials),
            score=score(trial["score"]),
            deviation=score(trial["deviation"]),
            is_chosen=place - 1 == chosen,
            is_pruned=bool(trial.get("pruned")),
            dot=at(float(axis.place(trial["score"]))),
            span=_span(axis, trial),
        )
        for place, trial in enumerate(shown, 1)
    ]
    return Leaderboard(
        trials[0].get("metric", ""),
        rows,
        left_out=len(trials) - len(shown),
        trials=sum(trial["name"] != BASELINE for trial in trials),
        was_cut=bool(document.get("search", {}).get("cut")),
    )


def _chosen(trials: Sequence[Mapping[str, Any]], estimator: Mapping[str, Any]) -> int | None:
    wanted = estimator.get("name"), estimator.get("hyperparameters")
    found = (n for n, t in enumerate(trials) if (t["name"], t["hyperparameters"]) == wanted)
    return next(found, None)


def _varied_settings(
    trial: Mapping[str, Any], trials: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    family = [t["hyperparameters"] for t in trials if t["name"] == trial["name"]]
    return [
        (name, _text(value))
        for name, value in trial["hyperparameters"].items()
        if len(family) == 1 or any(other.get(name) != value for other in family)
    ]


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return number(value)


def _span(axis: Axis, trial: Mapping[str, Any]) -> str:
    low, high = axis.place(
        [trial["score"] - trial["deviation"], trial["score"] + trial["deviation"]]
    )
    return f"M{at(low)} {BAR_HEIGHT // 2}H{at(high)}"
