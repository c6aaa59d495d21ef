"""The gate: an artifact is evaluated before it may become the latest.

A verdict is valid for its limits; a refusal also for the artifact it was compared with. With other
limits, or another live artifact, the gate evaluates it again without repeating the work.
"""

import os
import pkgutil
import platform
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stage_contract.artifacts.history import read_actions
from stage_contract.artifacts.publishing import write_verdict
from stage_contract.artifacts.reading import Artifact, check_sizes, open_artifact, open_latest
from stage_contract.artifacts.verdicts import read_verdict, refusal
from stage_contract.artifacts.volumes import is_latest, locked
from stage_contract.errors import ContractError
from stage_contract.log import LOGGER
from stage_contract.stages.definition import Source, Stage
from stage_contract.stages.settings import SettingsModel


@dataclass(frozen=True)
class GateRun[Settings: SettingsModel, Input: Source]:
    """The gate of one run: its stage, input and settings, and whether a refusal is overridden."""

    stage: Stage[Settings, Input]
    source: Input
    settings: Settings
    volume: Path
    accepts: str | None = None
    """Reason for overriding a refusal; None keeps the refusal."""

    def judge(self, files: Path, *, artifact_id: str) -> dict[str, Any] | None:
        """Return the verdict on the files in a folder, or None for a stage without a gate."""
        gate = self.stage.gate
        if gate is None:
            return None
        before = read_verdict(self.volume / artifact_id)
        is_made_again = files.name != artifact_id
        if is_made_again and before.get("accepted") and self._is_valid(before, artifact_id):
            return before
        live = self._live(artifact_id)
        with self.source.hold(), live.hold() if live else nullcontext():
            function = pkgutil.resolve_name(gate.judge)
            verdict: dict[str, Any] = function(self.source, files, live, self.settings)
        judged = {
            "live": live.id if live else None,
            "limits": gate.limits(self.settings),
            "moved": _last_manual_change(self.volume),
        }
        return self._override(verdict | {"judged": judged})

    def judge_again(self, artifact_id: str) -> None:
        """Replace the verdict on a published artifact if it is no longer valid."""
        target = self.volume / artifact_id
        if self.stage.gate is None or is_latest(self.volume, artifact_id):
            return
        try:
            check_sizes(open_artifact(target, self.stage.writes))
        except ContractError:
            # Missing or damaged: the run makes it again and evaluates the result.
            return
        before = read_verdict(target)
        if self._is_valid(before, artifact_id):
            self._write(target, self._override(before), before=before)
        elif verdict := self._evaluate_again(target):
            self._write(target, verdict, before=before)

    def refused(self, artifact_id: str) -> str:
        """Return the reason to fail the run, if this is refused and the settings ask for it."""
        gate = self.stage.gate
        if gate is None or not gate.fails(self.settings) or is_latest(self.volume, artifact_id):
            return ""
        return refusal(self.volume / artifact_id)

    def _evaluate_again(self, target: Path) -> dict[str, Any] | None:
        LOGGER.info("evaluates %s %s again", self.stage.writes, target.name)
        return self.judge(target, artifact_id=target.name)

    def _write(self, target: Path, verdict: dict[str, Any], *, before: dict[str, Any]) -> None:
        if verdict == before:
            return
        with locked(self.volume):
            # It may have been accepted by hand meanwhile.
            if read_verdict(target) == before and not is_latest(self.volume, target.name):
                write_verdict(target, verdict)

    def _is_valid(self, verdict: dict[str, Any], artifact_id: str) -> bool:
        if "override" in verdict:
            return True
        gate, judged = self.stage.gate, verdict.get("judged")
        if gate is None or not isinstance(judged, dict):
            return False
        if judged.get("limits") != gate.limits(self.settings):
            return False
        if verdict.get("accepted"):
            # Going back to an earlier cause brings back its result.
            return True
        live = self._live(artifact_id)
        is_same = judged.get("live") == (live.id if live else None)
        return is_same and judged.get("moved") == _last_manual_change(self.volume)

    def _live(self, artifact_id: str) -> Artifact | None:
        """Return the live artifact, if it is another one and undamaged."""
        try:
            live = open_latest(self.volume, self.stage.writes)
        except ContractError:
            return None
        return live if live.id != artifact_id else None

    def _override(self, verdict: dict[str, Any]) -> dict[str, Any]:
        if self.accepts is None or verdict.get("accepted", True) is not False:
            return verdict
        return override_refusal(verdict, why=self.accepts)


def _last_manual_change(volume: Path) -> str | None:
    """Return the time of the last manual change of LATEST, or None."""
    actions = read_actions(volume)
    return str(actions[-1].get("when")) if actions else None


def override_refusal(verdict: dict[str, Any], *, why: str, who: str = "") -> dict[str, Any]:
    """Return a refusal with an override of this moment; its checks and reasons are kept.

    `who` defaults to the user of this process.
    """
    override = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": who or f"uid {os.getuid()} on {platform.node()}",
        "why": why,
    }
    return verdict | {"accepted": True, "override": override}
