"""The quality gate: decides whether a model may go live."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stage_contract import Artifact

from modelling.data.feature_data import FeatureData, open_feature_data
from modelling.evaluation.evaluation_plan import check_limits
from modelling.gate.champion_challenger import (
    Challenger,
    LoadedModel,
    compare_with_baseline,
    load_model,
)
from modelling.gate.champion_checks import Tolerance, check_champions
from modelling.gate.checks import Check, check_limits_of_metrics, check_limits_of_slices
from modelling.gate.suspension import excluded_columns
from modelling.model_selection.metrics import Metric, choose_metric
from modelling.settings import EvaluationSettings

_MAX_SHOWN_SLICES = 3
"""Maximum number of slices that a reason names; the others are counted."""


def judge(
    source: Artifact, files: Path, live: Artifact | None, settings: EvaluationSettings
) -> dict[str, Any]:
    """Return verdict.json for the model in a folder, compared with the live model if there is one.

    Raises:
        SettingsError: A limit is for a metric that does not fit the task.
    """
    data = open_feature_data(source)
    levels = settings.quantile_levels
    metric = choose_metric(settings.deciding_metric, data.problem, levels=levels)
    check_limits(settings, data.problem)
    new = load_model(files.joinpath)
    model = new.document
    champions: list[Check] = []
    if live is not None:
        expected = Tolerance(
            metric, settings.gate.worse_by, model["baseline"][metric.name]["value"]
        )
        champions = [*check_champions(live, Challenger(new, data, metric), expected)]
    is_suspended = any("suspended" in check.facts for check in champions)
    has_champion = live is not None and not is_suspended
    checks = [
        _parity_check(model),
        *_baseline_check(new, data, metric, settings, has_champion=has_champion),
        *check_limits_of_metrics(model["metrics"], settings.gate),
        *check_limits_of_slices(model.get("slices", []), settings.gate.slices),
        *champions,
    ]
    failed = [check for check in checks if check.passed is False]
    reasons = [*_reasons(failed)]
    if failed and live is not None and is_suspended:
        reasons += _excluded_inputs(live, data)
    return {
        "accepted": not failed,
        "reasons": reasons,
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


def _parity_check(model: Mapping[str, Any]) -> Check:
    """Return the check of the parity gate, which has passed: otherwise there is no model."""
    difference, limit = model["parity"]["max_difference"], model["parity"]["tolerance"]
    why = (
        f"the graph differs by {difference:.2g} at most from what was learned, {limit:g} is allowed"
    )
    return Check("parity", passed=True, why=why, facts={"value": difference, "limit": limit})


def _baseline_check(
    new: LoadedModel,
    data: FeatureData,
    metric: Metric,
    settings: EvaluationSettings,
    *,
    has_champion: bool,
) -> Iterator[Check]:
    if not settings.gate.better_than_dummy:
        return
    score = new.document["metrics"][metric.name]
    limit = new.document["baseline"][metric.name]["value"]
    worst = score["low" if metric.higher_is_better else "high"]
    passed = metric.is_better(score["value"], than=limit)
    # A first model replaces nothing. A model that replaces a comparable one must be clearly better.
    if passed and has_champion and not metric.is_better(worst, than=limit):
        # With few rows, both scores vary together: only their difference is informative.
        passed = compare_with_baseline(new, data, metric=metric)["high"] < 0
    verb = "is better" if passed else "may be no better"
    why = (
        f"{metric.name} {_range(score)} {verb} than the {limit:.4g} of a baseline that ignores"
        " its input"
    )
    facts = {"metric": metric.name, "value": score["value"], "limit": limit}
    yield Check("dummy", passed, why, facts)


def _excluded_inputs(live: Artifact, data: FeatureData) -> Iterator[str]:
    """Yield a warning if the model that stays live uses columns that are excluded now."""
    document = json.loads(live.file("model.json").read_bytes())
    if names := ", ".join(f"'{name}'" for name in excluded_columns(document, data)):
        yield f"the live model {live.id} still uses {names}, now in exclude of [features]"


def _reasons(failed: Sequence[Check]) -> Iterator[str]:
    slices = [check.why for check in failed if check.check == "slice"]
    yield from (check.why for check in failed if check.check != "slice")
    yield from slices[:_MAX_SHOWN_SLICES]
    if len(slices) > _MAX_SHOWN_SLICES:
        yield f"and {len(slices) - _MAX_SHOWN_SLICES} more of the slices"


def _range(score: Mapping[str, float]) -> str:
    return f"{score['value']:.4g} ({score['low']:.4g} to {score['high']:.4g})"
