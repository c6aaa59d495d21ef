"""Definition of a stage: its name, input, output, settings and work function."""

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
    """Input of a stage: an artifact, or for ingest the source files."""

    @property
    def inputs(self) -> Sequence[tuple[str, str]] | None:
        """(kind, content) of each input; for ingest (source path, sha256).

        None if it is unknown before the work is done; then the stage always works.
        """

    def hold(self) -> AbstractContextManager[None]:
        """Protect the input while the stage works, or detect that it changed."""

    def verify(self) -> None:
        """Raise a StageError if the bytes differ from the published bytes."""


@dataclass(frozen=True)
class Gate[Settings: SettingsModel]:
    """The gate decides whether an artifact of this stage may become the latest."""

    judge: str
    """Name of the function (input, folder of the artifact, live artifact or None, settings) that
    returns verdict.json, as `module:function`; `accepted` in it false keeps LATEST where it is.

    It is imported only when needed. Unlike the work, it may depend on the live artifact.
    """
    limits: Callable[[Settings], dict[str, Any]]
    """Limits of the gate, as JSON. They are not part of the cause, so changing them does not
    repeat the work. A settings class excludes them from its `model_dump`.
    """
    fails: Callable[[Settings], bool] = lambda _settings: False
    """Whether a run ends with an error when its artifact is refused."""


@dataclass(frozen=True)
class Stage[Settings: SettingsModel, Input: Source]:
    """A stage: its name, settings, input, output and work."""

    name: str
    version: str
    writes: str
    settings: type[Settings]
    find: Callable[[Path, Settings], Input]
    """Finds the input below /data/in without reading its data."""
    work: str
    """Name of the function (input, draft, settings) that fills the draft, as `module:function`.

    It is imported only if there is work to do, so that a skip loads no heavy library.
    """
    origin: Callable[[Input], Origin]
    sources: str | None = None
    """Name of a `snapshots.ListSources`, as `module:function`, if the input is not an artifact.

    `--watch` keeps it loaded, so its module and package import the standard library only.
    """
    refresh: str | None = None
    """Name of a `snapshots.RefreshInterval`, as `module:function`, if changes may be invisible.

    `--watch` keeps it loaded, too.
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
