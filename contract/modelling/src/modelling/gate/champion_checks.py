"""Checks of the gate against the champion: the live model, and its best predecessor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stage_contract import LOGGER, Artifact, ContractError

from modelling.gate.champion_challenger import (
    Challenger,
    Comparison,
    NotComparableError,
    count_lost_classes,
    load_model,
)
from modelling.gate.checks import Check
from modelling.gate.predecessors import find_predecessors
from modelling.gate.suspension import find_suspension
from modelling.model_selection.metrics import Metric

NEGLIGIBLE_SHARE = 0.02
"""Share of the live model's error; a smaller loss is irrelevant, even if significant."""

NEGLIGIBLE_SHARE_OF_BASELINE = 0.002
"""Share of the baseline's error: for a near-perfect model, 2 % of its own error is negligible."""


@dataclass(frozen=True)
class Tolerance:
    """The maximum loss of a new model against the live one."""

    metric: Metric
    worse_by: float | str
    baseline: float
    """Score of the baseline."""

    def allows(self, comparison: Comparison) -> bool:
        """Return whether a loss is within the tolerance."""
        worse = comparison.worse
        if isinstance(self.worse_by, float | int):
            return worse["value"] <= self.worse_by
        negligible = max(
            NEGLIGIBLE_SHARE * self.metric.error(comparison.live),
            NEGLIGIBLE_SHARE_OF_BASELINE * self.metric.error(self.baseline),
            self.metric.min_difference(comparison.rows),
        )
        return worse["value"] <= negligible or worse["low"] <= 0

    def __str__(self) -> str:
        if isinstance(self.worse_by, float | int):
            return f"{self.worse_by:g} at most"
        return "no more than the noise of these rows"


def check_champions(live: Artifact, new: Challenger, expected: Tolerance) -> Iterator[Check]:
    """Yield the check against the live model, and against its best predecessor."""
    facts: dict[str, Any] = {"model": live.id, "metric": expected.metric.name}
    try:
        champion = load_model(live.file)
        suspension = find_suspension(live, champion.document, new.model.document, new.data)
        if suspension.reasons:
            yield _suspended_check(live, suspension.reasons, facts)
            return
        if expected.worse_by == "any":
            return
        if lost := count_lost_classes(champion.document, new.model.document):
            why = (
                f"this model lacks classes of the live model {live.id}: {lost} of"
                f" {len(champion.document['classes'])}, expected all of them"
            )
            yield Check("live", passed=False, why=why, facts=facts)
            return
        comparison = new.compare(champion)
    except (NotComparableError, ContractError) as error:
        if expected.worse_by == "any":
            return
        why = f"the live model {live.id} can't be compared with: {error}"
        LOGGER.warning("%s", why)
        yield Check("live", passed=None, why=why, facts=facts)
        return
    if suspension.unknown_stages:
        LOGGER.warning(
            "whether settings of %s that decide about rows or columns have changed since the live"
            " model is unknown; they are compared anyway",
            ", ".join(suspension.unknown_stages),
        )
    yield _comparison_check("live", live, comparison, expected)
    if best := _best_predecessor(live, new, than=comparison.live):
        yield _comparison_check("best", *best, expected)


def _suspended_check(live: Artifact, reasons: Sequence[str], facts: Mapping[str, Any]) -> Check:
    why = (
        f"not compared with the live model {live.id}: {'; '.join(reasons)}; the baseline and"
        " the limits decide, as on a first run, and the next model is compared with the one that"
        " goes live"
    )
    LOGGER.warning("%s", why)
    return Check("live", passed=None, why=why, facts={**facts, "suspended": [*reasons]})


def _best_predecessor(
    live: Artifact, new: Challenger, *, than: float
) -> tuple[Artifact, Comparison] | None:
    """Return the best predecessor, if it is better than the live model.

    This check prevents many small losses, each within the tolerance, from adding up.
    """
    best: tuple[Artifact, Comparison] | None = None
    for model in find_predecessors(live):
        try:
            with model.hold():
                older = load_model(model.file)
                if find_suspension(model, older.document, new.model.document, new.data).reasons:
                    continue
                comparison = new.compare_on_same_rows(older)
        except (NotComparableError, ContractError) as error:
            LOGGER.info("model %s, which was live, is not compared with: %s", model.id, error)
            continue
        if new.metric.is_better(comparison.live, than=best[1].live if best else than):
            best = model, comparison
    return best


def _comparison_check(
    name: Literal["live", "best"], older: Artifact, comparison: Comparison, expected: Tolerance
) -> Check:
    metric = expected.metric
    passed = expected.allows(comparison)
    where = (
        f"the same {comparison.rows:,} rows"
        if comparison.rows
        else f"its own rows, as {comparison.why}"
    )
    which = "the live model" if name == "live" else "the best model that was live,"
    result = (
        f"{metric.name} {comparison.value:.4g}, that of {which} {older.id} is {comparison.live:.4g}"
        f" on {where}: {_change_text(comparison.worse['value'])}"
    )
    LOGGER.info("%s", result, extra={name: older.id, "worse": comparison.worse})
    facts = {"model": older.id, "metric": metric.name, "value": comparison.value}
    facts |= {"live": comparison.live, "worse": comparison.worse, "rows": comparison.rows}
    return Check(name, passed, result if passed else f"{result}, expected {expected}", facts)


def _change_text(worse: float) -> str:
    if not worse:
        return "equal"
    return f"{'worse' if worse > 0 else 'better'} by {abs(worse):.4g}"
