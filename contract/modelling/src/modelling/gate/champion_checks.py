"""Checks of the gate against the champion: the live model, and the best one that was live."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stage_contract import LOGGER, Artifact, ContractError

from modelling.gate.champion_challenger import Challenger, Rivalry, UnfairError, read_contestant
from modelling.gate.checks import Check
from modelling.gate.predecessors import predecessors
from modelling.gate.suspension import find_suspension
from modelling.model_selection.metrics import Metric

NEGLIGIBLE = 0.02
"""Of the live model's error: on many rows less than that may be no chance, and is no matter."""

NEGLIGIBLE_OF_DUMMY = 0.002
"""Of the dummy's error: of a model that leaves next to nothing unsaid, 2 % are nothing at all."""


@dataclass(frozen=True)
class Expected:
    """How much worse than the live model a new one may be."""

    metric: Metric
    worse_by: float | str
    dummy: float
    """What a dummy scores."""

    def keeps(self, rivalry: Rivalry) -> bool:
        """Return whether a new model is good enough."""
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


def check_champions(live: Artifact, new: Challenger, expected: Expected) -> Iterator[Check]:
    """Yield the check against the live model, and against the best one before it."""
    facts: dict[str, Any] = {"model": live.id, "metric": expected.metric.name}
    try:
        rival = read_contestant(live.file)
        suspension = find_suspension(live, rival.document, new.model.document, new.data)
        if suspension.reasons:
            yield _suspended(live, suspension.reasons, facts)
            return
        if expected.worse_by == "any":
            return
        rivalry = new.compare(rival)
    except (UnfairError, ContractError) as error:
        if expected.worse_by == "any":
            return
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
        f"not compared with the live model {live.id}: {'; '.join(reasons)}; the dummy"
        " and the limits decide, as on a first run, and a model that goes live is what the next one"
        " is compared with"
    )
    LOGGER.warning("%s", why)
    return Check("live", passed=None, why=why, facts={**facts, "suspended": [*reasons]})


def _best_before(
    live: Artifact, new: Challenger, *, than: float
) -> tuple[Artifact, Rivalry] | None:
    """Return the best model that was live before, if it is better than the live one.

    It prevents that many small losses, each within the tolerance, add up.
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
