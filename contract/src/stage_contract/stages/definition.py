"""What makes a stage: what it is called, reads and writes, and the function that does its work."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from stage_contract.artifacts.reading import Artifact, open_latest
from stage_contract.stages.settings import SettingsModel

type Origin = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""The manifest's `inputs` and `lineage`."""


class Source(Protocol):
    """What a stage works from: an artifact, or for ingest the source files."""

    @property
    def inputs(self) -> Sequence[tuple[str, str]] | None:
        """(kind, content) of each input; for ingest (source path, sha256).

        None where that is known only once the work is done: then the work is always due.
        """

    def hold(self) -> AbstractContextManager[None]:
        """Keep the input in place, or notice that it changed, while the stage works."""

    def verify(self) -> None:
        """Raise a StageError unless the bytes are those that were published."""


@dataclass(frozen=True)
class Gate[Settings: SettingsModel]:
    """What decides whether an artifact of this stage may become the latest."""

    judge: str
    """Name of the function (input, folder of the artifact, live artifact or None, settings) that
    returns verdict.json, as `module:function`; `accepted` in it false keeps LATEST where it is.

    It is imported only to judge. Other than the work it may depend on what is live.
    """
    limits: Callable[[Settings], dict[str, Any]]
    """What the judge goes by, as JSON: no part of the cause, so that nothing is made anew for it.

    A settings class leaves it out of its `model_dump`.
    """
    fails: Callable[[Settings], bool] = lambda _settings: False
    """Whether a run ends with an error when its artifact is refused."""


@dataclass(frozen=True)
class Stage[Settings: SettingsModel, Input: Source]:
    """What makes a stage: its name, its settings, where it reads, what it writes, its work."""

    name: str
    version: str
    writes: str
    settings: type[Settings]
    find: Callable[[Path, Settings], Input]
    """Finds the input below /data/in without reading its data."""
    work: str
    """Name of the function (input, draft, settings) that fills the draft, as `module:function`.

    It is imported only when work is due, so that a skip loads no heavy library.
    """
    origin: Callable[[Input], Origin]
    sources: str | None = None
    """Name of a `snapshots.ListSources`, as `module:function`, if the input is no artifact.

    `--watch` keeps it loaded, so that module and package load the standard library only.
    """
    refresh: str | None = None
    """Name of a `snapshots.AskAgain`, as `module:function`, if the input may change unseen.

    It is kept loaded as `sources` is.
    """
    gate: Gate[Settings] | None = None
    selection: Callable[[Settings], dict[str, Any]] | None = None
    """Returns the settings that decide which rows and columns are used, as JSON, for run.json."""


def read_artifact(kind: str) -> Callable[[Path, object], Artifact]:
    """Return a `find` for a stage that reads the latest artifact of a kind."""
    return lambda volume, _settings: open_latest(volume, kind)


def origin_of_artifact(source: Artifact) -> Origin:
    """Return `inputs` and `lineage` for a stage that reads one artifact."""
    manifest = source.manifest
    metrics = manifest.get("metrics", {})
    own = {
        "stage": manifest.get("stage", {}).get("name", "?"),
        "kind": source.kind,
        "content": source.content,
        "rows": source.rows,
        "rejected": metrics.get("rejected"),
    }
    reasons = metrics.get("rejected_by_reason")
    if reasons and isinstance(reasons, dict):
        own["rejected_by_reason"] = reasons
    inputs = [{"kind": source.kind, "content": source.content}]
    return inputs, [*manifest.get("lineage", []), own]
