"""The admission process: follows LATEST, tests new models, and decides which one goes live."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from stage_contract import LOGGER, ContractError, StageError, read_pointer
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.reading import read_pinned
from stage_contract.artifacts.verdicts import VERDICT, refusal
from stage_contract.artifacts.volumes import read_refused
from stage_contract.commands import make_command

from serve.model.admission import Bounds
from serve.model.decisions import (
    NOTHING_PUBLISHED,
    Admitted,
    Decision,
    read_decision,
    write_decision,
)
from serve.model.models import load_model
from serve.model.refusals import LASTING, Fault, Refused, fault_of, mark_of
from serve.model.trials import Trials, Verdict
from serve.runtime.shared_state import SharedState
from serve.settings import Settings

type Try = Callable[[str, str | None, float, Callable[[], bool]], Verdict | None]
"""Tests a model. Takes its id, the id of the live model, the time limit in seconds, and a function
that tells whether the test is still due."""

_FIRST_SECONDS: Final = 5.0
"""Seconds for the latest model while none is live; then others are tried, and it later gets its
full time."""


class Admitter:
    """Decides for all workers; each of them loads the admitted model itself."""

    def __init__(
        self, shared_state: SharedState, volume: Path, try_model: Try, *, seconds: float
    ) -> None:
        """Continue from the last decision."""
        self._shared_state = shared_state
        self._volume = volume
        self._try_model = try_model
        self._seconds = seconds
        before = read_decision(shared_state) or Decision()
        self.admitted: Admitted | None = before.admitted
        self.refused: Refused | None = before.refused
        self._refusals = Counter(before.refusals)
        self._others: dict[str, Refused] = {}
        """Models that were tried in place of the latest one, and refused."""
        self._idle = NOTHING_PUBLISHED

    def poll(self) -> None:
        """Decide on the model in LATEST."""
        pointer = None
        try:
            pointer = read_pointer(self._volume)
            self._decide(pointer)
        except Exception as error:  # noqa: BLE001  # a new model must never end the live one
            what = "LATEST" if pointer is None else f"model {pointer}"
            self._refuse(pointer, fault_of(error, what=what))
            self._decide_without(pointer)
        self._write()

    def _decide(self, pointer: str | None) -> None:
        if pointer is None:
            self.refused = None
            self._idle = _nothing_live(self._volume)
            return
        if self.admitted is not None and self.admitted.id == pointer:
            self.refused = None
            return
        if not (self.refused and self.refused.applies_to(pointer, mark_of(self._volume / pointer))):
            self._try_latest(pointer)
        self._decide_without(pointer)

    def _try_latest(self, pointer: str) -> None:
        is_in_a_hurry = self.admitted is None and any(self._candidates(pointer))
        seconds = min(self._seconds, _FIRST_SECONDS) if is_in_a_hurry else self._seconds
        verdict = self._try(pointer, pointer, seconds)
        if seconds < self._seconds and isinstance(verdict, Fault) and verdict.cause == "timeout":
            if self._find_other(pointer):
                return  # The next poll gives it the full time.
            verdict = self._try(pointer, pointer, self._seconds)
        if isinstance(verdict, Admitted):
            self.admitted, self.refused = verdict, None
        elif verdict is not None:
            self._refuse(pointer, verdict)

    def _decide_without(self, pointer: str | None) -> None:
        """Find another model while the latest one is refused and none is live."""
        if self.admitted is None and self.refused is not None:
            self._find_other(pointer)

    def _find_other(self, pointer: str | None) -> bool:
        """Admit the newest model that passes its test; return whether there is one."""
        for name in self._candidates(pointer):
            verdict = self._try(name, pointer, self._seconds)
            if isinstance(verdict, Admitted):
                self.admitted = verdict
                LOGGER.warning(
                    "model %s is served in place of %s", name, pointer, extra={"model": name}
                )
                return True
            if verdict is None:
                return False
            place = self._volume / name
            found = Refused(name, verdict.cause, verdict.reason, mark_of(place))
            before = self._others.get(name)
            self._others[name] = found.repeated_after(before) if before else found
        return False

    def _candidates(self, pointer: str | None) -> Iterator[str]:
        """Yield other models that may be served, newest first.

        Excludes models that the gate refused, models newer than a pinned one, and models whose
        refusal still holds.
        """
        try:
            names = [path.name for path in newest_first(self._volume)]
            pinned = read_pinned(self._volume)
        except (StageError, OSError) as error:
            LOGGER.warning("no other model can be served: %s", error)
            return
        if pinned is not None:
            names = names[names.index(pinned) :] if pinned in names else []
        for name in names:
            place = self._volume / name
            refused = self._others.get(name)
            stands = refused is not None and refused.applies_to(name, mark_of(place))
            if name != pointer and not stands and _passed_the_gate(place):
                yield name

    def _try(self, name: str, pointer: str | None, seconds: float) -> Verdict | None:
        """Test a model as long as LATEST still names `pointer`."""
        if self.admitted is None:
            self._write(trying=name)
        live = self.admitted.id if self.admitted else None
        try:
            return self._try_model(name, live, seconds, partial(self._is_latest, pointer))
        except OSError as error:  # an error of starting the process, not of the model
            return fault_of(error, what=f"model {name} could not be tried")

    def _is_latest(self, pointer: str | None) -> bool:
        try:
            return read_pointer(self._volume) == pointer
        except ContractError:
            return pointer is None
        except OSError:
            return True  # The state is unknown, and the test ends by itself.

    def _refuse(self, pointer: str | None, fault: Fault) -> None:
        """Record the reason, and log it once."""
        mark = mark_of(self._volume / pointer) if pointer else None
        refused, before = Refused(pointer, fault.cause, fault.reason, mark), self.refused
        self.refused = refused
        if before is not None and refused.is_as(before):
            self.refused = refused.repeated_after(before)
            return
        self._refusals[fault.cause] += 1
        goes_on = "" if fault.cause in LASTING else "; it is tried again after a pause"
        goes_on += f"; {self.admitted.id} serves on" if self.admitted else ""
        facts = {"model": pointer, "cause": fault.cause}
        LOGGER.error("refused: %s%s", fault.reason, goes_on, extra=facts)

    def _write(self, *, trying: str | None = None) -> None:
        decision = Decision(
            admitted=self.admitted,
            refused=self.refused and replace(self.refused, mark=None),
            refusals=dict(self._refusals),
            trying=trying,
            idle=self._idle,
        )
        write_decision(self._shared_state, decision)


def _passed_the_gate(artifact: Path) -> bool:
    """Whether the gate accepted an artifact; false if the verdict can't be read."""
    try:
        (artifact / VERDICT).lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return not refusal(artifact)


def _nothing_live(volume: Path) -> str:
    """Return why LATEST names no model, and the remedy."""
    name = read_refused(volume)
    if name is None:
        return NOTHING_PUBLISHED
    return (
        f"the gate of train refused model {name} ({refusal(volume / name)}); fix the cause,"
        f" or accept it anyway: {make_command(f'accept ID={name}')}"
    )


def make_trials(volume: Path, settings: Settings, *, name: str) -> Trials:
    """Return the object that tests the models of a volume; `name` is the pipeline's name."""
    bounds = Bounds.of(settings)
    load = partial(
        load_model,
        name=name,
        max_rows=settings.max_rows,
        bounds=bounds,
        with_report=settings.docs,
    )
    return Trials(volume, load, bounds, workers=settings.worker_count())


def admit_models(
    shared_state: SharedState, settings: Settings, *, name: str, supervisor: int
) -> None:
    """Admit models until SIGTERM, or until `supervisor`, a process id, is no longer the parent."""
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    trials = make_trials(volume, settings, name=name)

    def try_model(
        model: str, live: str | None, seconds: float, is_due: Callable[[], bool]
    ) -> Verdict | None:
        return trials.try_apart(
            model,
            live,
            seconds=seconds,
            is_due=lambda: os.getppid() == supervisor and is_due(),
        )

    admitter = Admitter(shared_state, volume, try_model, seconds=settings.max_admission_seconds)
    while os.getppid() == supervisor:
        admitter.poll()
        time.sleep(settings.poll_seconds)
