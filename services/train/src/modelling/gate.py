"""The gate: whether a model may go live, from what it scored and from how the live one does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stage_contract import LOGGER, Artifact, ContractError

from modelling.feature_data import FeatureData, open_feature_data
from modelling.judged_settings import JudgedSettings, Limits, MetricLimits
from modelling.metrics import Metric, choose_metric
from modelling.predecessors import predecessors
from modelling.rivalry import (
    Challenger,
    Contestant,
    Rivalry,
    UnfairError,
    compare_with_dummy,
    read_contestant,
)
from modelling.suspension import find_suspension
from modelling.wishes import check_limits

NEGLIGIBLE = 0.02
"""Of the live model's error: on many rows less than that may be no chance, and is no matter."""

NEGLIGIBLE_OF_DUMMY = 0.002
"""Of the dummy's error: of a model that leaves next to nothing unsaid, 2 % are nothing at all."""

_TOLD = 3
"""Slices that a reason names; the rest is counted."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    check: Literal["parity", "dummy", "limit", "slice", "live", "best"]
    passed: bool | None
    """None: it could not be told."""
    why: str
    """In words for people: what was found, and what was expected."""
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in verdict.json."""
        return {"check": self.check, "passed": self.passed, "why": self.why, **self.facts}


def judge(
    source: Artifact, files: Path, live: Artifact | None, settings: JudgedSettings
) -> dict[str, Any]:
    """Return verdict.json for the model in a folder, compared with the live one if there is one.

    Raises:
        SettingsError: a limit is of a metric that does not fit the task.
    """
    data = open_feature_data(source)
    metric = choose_metric(settings.metric, data.problem)
    check_limits(settings, data.problem)
    new = read_contestant(files.joinpath)
    model = new.document
    checks = [
        _parity(model),
        *_dummy(new, data, metric, settings, has_live=live is not None),
        *_limits(model["metrics"], settings.gate),
        *_slices(model.get("slices", []), settings.gate.slices),
    ]
    if live is not None and settings.gate.worse_by != "any":
        expected = Expected(metric, settings.gate.worse_by, model["baseline"][metric.name]["value"])
        checks += _older_models(live, Challenger(new, data, metric), expected)
    failed = [check for check in checks if check.passed is False]
    return {
        "accepted": not failed,
        "reasons": [*_reasons(failed)],
        "checks": [check.as_json() for check in checks],
        **_summary(model, metric),
    }


def _summary(model: Mapping[str, Any], metric: Metric) -> dict[str, Any]:
    value, baseline = (model[key][metric.name]["value"] for key in ("metrics", "baseline"))
    return {
        "metric": metric.name,
        "value": value,
        "baseline": baseline,
        "difference": value - baseline,
        "beats_baseline": metric.is_better(value, than=baseline),
        "parity": {"passed": True, **model["parity"]},
    }


def _parity(model: Mapping[str, Any]) -> Check:
    """Tell of the parity gate: without it there would be no model to judge."""
    found, limit = model["parity"]["max_difference"], model["parity"]["tolerance"]
    why = f"the graph differs by {found:.2g} at most from what was learned, {limit:g} is allowed"
    return Check("parity", passed=True, why=why, facts={"value": found, "limit": limit})


def _dummy(
    new: Contestant, data: FeatureData, metric: Metric, settings: JudgedSettings, *, has_live: bool
) -> Iterator[Check]:
    if not settings.gate.better_than_dummy:
        return
    found, limit = new.document["metrics"][metric.name], new.document["baseline"][metric.name]
    limit = limit["value"]
    worst = found["low" if metric.higher_is_better else "high"]
    passed = metric.is_better(found["value"], than=limit)
    # A first model has nothing to spoil; one that would replace another must be worth it.
    if passed and has_live and not metric.is_better(worst, than=limit):
        # Where few rows decide, both scores move with them: only their difference tells.
        passed = compare_with_dummy(new, data, metric=metric)["high"] < 0
    verb = "is better" if passed else "may be no better"
    why = (
        f"{metric.name} {_range(found)} {verb} than the {limit:.4g} of a dummy that ignores its"
        " input"
    )
    facts = {"metric": metric.name, "value": found["value"], "limit": limit}
    yield Check("dummy", passed, why, facts)


def _limits(metrics: Mapping[str, Any], limits: MetricLimits) -> Iterator[Check]:
    for name, limit, passed, why in _against(metrics, limits):
        facts = {"metric": name, "limit": limit} | _value(metrics, name)
        yield Check("limit", passed, why, facts)


def _slices(columns: Sequence[Mapping[str, Any]], limits: MetricLimits) -> Iterator[Check]:
    for column in columns:
        for part in column["slices"]:
            label = "missing" if part["value"] is None else f"'{part['value']}'"
            where = f"{column['column']} {label}"
            for name, limit, passed, why in _against(part["metrics"], limits):
                facts = {"metric": name, "limit": limit, "column": column["column"]}
                facts |= {"slice": part["value"], "rows": part["rows"]}
                # Undefined for a slice, such as one without every class, is no failure of it.
                known = passed if name in part["metrics"] else None
                text = f"{where}: {why} ({part['rows']:,} rows)"
                yield Check("slice", known, text, facts | _value(part["metrics"], name))


def _against(
    metrics: Mapping[str, Any], limits: MetricLimits
) -> Iterator[tuple[str, float, bool, str]]:
    """Yield for each limit the metric, the limit, whether it is kept, and that in words."""
    ends: tuple[tuple[Limits, str], ...] = ((limits.minimum, "least"), (limits.maximum, "most"))
    for bounds, end in ends:
        for name, limit in bounds.items():
            if name not in metrics:
                yield name, limit, False, f"{name} is undefined, expected {limit:g} at {end}"
                continue
            value = metrics[name]["value"]
            kept = value >= limit if end == "least" else value <= limit
            yield name, limit, kept, f"{name} {value:.4g}, expected {limit:g} at {end}"


@dataclass(frozen=True)
class Expected:
    """What is expected beside the live model."""

    metric: Metric
    worse_by: float | str
    dummy: float
    """What a dummy scores."""

    def keeps(self, rivalry: Rivalry) -> bool:
        """Return whether a new model is not worse than is allowed."""
        worse = rivalry.worse
        if isinstance(self.worse_by, float | int):
            return worse["value"] <= self.worse_by
        small = max(
            NEGLIGIBLE * self.metric.error(rivalry.live),
            NEGLIGIBLE_OF_DUMMY * self.metric.error(self.dummy),
            self.metric.told_by(rivalry.rows),
        )
        return worse["value"] <= small or worse["low"] <= 0

    def __str__(self) -> str:
        if isinstance(self.worse_by, float | int):
            return f"{self.worse_by:g} at most"
        return "no more than the noise of these rows"


def _older_models(live: Artifact, new: Challenger, expected: Expected) -> Iterator[Check]:
    """Yield the check against the live model, and against the best one before it."""
    facts: dict[str, Any] = {"model": live.id, "metric": expected.metric.name}
    try:
        rival = read_contestant(live.file)
        suspension = find_suspension(live, rival.document, new.model.document, new.data)
        if suspension.reasons:
            yield _suspended(live, suspension.reasons, facts)
            return
        rivalry = new.compare(rival)
    except (UnfairError, ContractError) as error:
        why = f"the live model {live.id} can't be compared with: {error}"
        LOGGER.warning("%s", why)
        yield Check("live", passed=None, why=why, facts=facts)
        return
    if suspension.untold:
        LOGGER.warning(
            "whether settings of %s that decide about rows or columns have changed since the live"
            " model can't be told; it is compared all the same",
            ", ".join(suspension.untold),
        )
    yield _compared("live", live, rivalry, expected)
    if best := _best_before(live, new, than=rivalry.live):
        yield _compared("best", *best, expected)


def _suspended(live: Artifact, reasons: Sequence[str], facts: Mapping[str, Any]) -> Check:
    why = (
        f"not compared with the live model {live.id}: {'; '.join(reasons)}; the dummy and the"
        " limits decide, and a model that goes live is what the next one is compared with"
    )
    LOGGER.warning("%s", why)
    return Check("live", passed=None, why=why, facts={**facts, "suspended": [*reasons]})


def _best_before(
    live: Artifact, new: Challenger, *, than: float
) -> tuple[Artifact, Rivalry] | None:
    """Return the best model that was live before, if it is better than the live one.

    So many small losses, each of them allowed, do not add up.
    """
    best: tuple[Artifact, Rivalry] | None = None
    for model in predecessors(live):
        try:
            with model.hold():
                older = read_contestant(model.file)
                if find_suspension(model, older.document, new.model.document, new.data).reasons:
                    continue
                rivalry = new.compare_on_same_rows(older)
        except (UnfairError, ContractError) as error:
            LOGGER.info("model %s, which was live, is not compared with: %s", model.id, error)
            continue
        if new.metric.is_better(rivalry.live, than=best[1].live if best else than):
            best = model, rivalry
    return best


def _compared(
    name: Literal["live", "best"], older: Artifact, rivalry: Rivalry, expected: Expected
) -> Check:
    metric = expected.metric
    passed = expected.keeps(rivalry)
    where = f"the same {rivalry.rows:,} rows" if rivalry.rows else f"its own rows, as {rivalry.why}"
    which = "the live model" if name == "live" else "the best model that was live,"
    found = (
        f"{metric.name} {rivalry.value:.4g}, that of {which} {older.id} is {rivalry.live:.4g}"
        f" on {where}: {_how_much(rivalry.worse['value'])}"
    )
    LOGGER.info("%s", found, extra={name: older.id, "worse": rivalry.worse})
    facts = {"model": older.id, "metric": metric.name, "value": rivalry.value}
    facts |= {"live": rivalry.live, "worse": rivalry.worse, "rows": rivalry.rows}
    return Check(name, passed, found if passed else f"{found}, expected {expected}", facts)


def _how_much(worse: float) -> str:
    if not worse:
        return "equal"
    return f"{'worse' if worse > 0 else 'better'} by {abs(worse):.4g}"


def _reasons(failed: Sequence[Check]) -> Iterator[str]:
    slices = [check.why for check in failed if check.check == "slice"]
    yield from (check.why for check in failed if check.check != "slice")
    yield from slices[:_TOLD]
    if len(slices) > _TOLD:
        yield f"and {len(slices) - _TOLD} more of the slices"


def _value(metrics: Mapping[str, Any], name: str) -> dict[str, float]:
    return {"value": metrics[name]["value"]} if name in metrics else {}


def _range(found: Mapping[str, float]) -> str:
    return f"{found['value']:.4g} ({found['low']:.4g} to {found['high']:.4g})"
