"""`make status`: the live artifacts, their lineage, running stages, failures and serve."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serving.client import Readiness
from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.reading import is_id
from stage_contract.artifacts.volumes import DRAFT
from stage_contract.commands import make_command
from stage_contract.stages.failures import FAILED

from history.containers import StageContainer
from history.disk import describe_disk_use
from history.lineage import BrokenLink, Runs, broken_links, refusals, source_place
from history.tables import aligned
from history.volumes import Volume, facts, in_utc, links, published

HEADING = ("stage", "live artifact", "rows", "published (UTC)", "took", "made from")


type Containers = Mapping[str, StageContainer]

WELL, ATTENTION, BROKEN = 0, 1, 2
"""Exit codes that a monitor can use."""


@dataclass(frozen=True)
class Finding:
    """A problem or a state that the operator should know."""

    level: int
    text: str


@dataclass(frozen=True)
class ServeState:
    """The container of serve, and its own report if it runs."""

    container: StageContainer | None = None
    readiness: Readiness | None = None
    differences: Sequence[str] = ()
    settings_error: str = ""
    """The error in the settings that it would start with."""

    settings_remedy: str = ""

    made_from: str = ""
    """The folder that the containers were started from, if it is not this one."""


@dataclass(frozen=True)
class Report:
    """The output of `make status`, and its exit code."""

    table: Sequence[tuple[str, ...]]
    mode: str
    working: Sequence[str]
    findings: Sequence[Finding]
    notes: Sequence[str]
    serving: Finding
    refusals: Sequence[str]

    @property
    def level(self) -> int:
        """Return 0 if all is well, 1 for attention, 2 if something is broken."""
        return max(each.level for each in (*self.findings, self.serving, *self._refused))

    @property
    def _refused(self) -> list[Finding]:
        return [Finding(ATTENTION, text) for text in self.refusals]

    def lines(self) -> Iterator[str]:
        """Yield the report as text."""
        yield from aligned([HEADING, *self.table], right=[2, 4])
        yield ""
        yield f"mode: {self.mode}"
        yield from self.notes
        yield from (f"{stage} is running" for stage in self.working)
        yield from (finding.text for finding in self.findings)
        yield self.serving.text
        yield from self.refusals

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "level": self.level,
            "state": ("well", "attention", "broken")[self.level],
            "mode": self.mode.partition(",")[0],
            "stages": [_as_json(row) for row in self.table],
            "working": list(self.working),
            "findings": [
                {"level": finding.level, "text": finding.text}
                for finding in (*self.findings, self.serving, *self._refused)
            ],
            "refused": list(self.refusals),
            "notes": list(self.notes),
        }


def _as_json(row: tuple[str, ...]) -> dict[str, Any]:
    stage, live, rows, when, took, made_from = row
    return {
        "stage": stage,
        "live": live,
        "rows": int(rows.replace(",", "")) if rows else None,
        "published": when,
        "took": took,
        "made_from": made_from,
    }


def status(
    chain: list[Volume],
    data: Path,
    runs: Runs,
    *,
    containers: Containers,
    serve: ServeState,
) -> Report:
    """Return the state of all stages and of serve."""
    is_watching = any(container.is_resident for container in containers.values())
    start = make_command("watch" if is_watching else "up")
    working = [
        volume.stage for volume in chain if _is_at_work(volume, containers.get(volume.stage))
    ]
    broken = [*broken_links(chain, data, runs)]
    # A stage that is running now is not reported as due.
    going_on = {stage for stage, each in containers.items() if each.is_running}
    failed = {volume.stage for volume in chain if volume.failure}
    missing = [link for link in broken if not _is_under_way(link, going_on, failed=failed)]
    failures = (
        [*_recorded_failures(chain, {}), *_dead_residents(chain, containers)]
        if is_watching
        else [*_recorded_failures(chain, runs), *_failed_runs(chain, runs)]
    )
    again = make_command("watch" if is_watching else "rerun")
    findings = [
        *_wrong_settings(serve),
        *failures,
        *(_broken(link, again=again) for link in missing),
        *_differing(
            {stage: each.differences for stage, each in containers.items()},
            start=start,
            made_from=serve.made_from,
        ),
        *_of_serve(serve, start=start),
    ]
    notes = [f"{volume.kind} is pinned to {volume.pinned}" for volume in chain if volume.pinned]
    if serve.made_from:
        notes.append(
            f"the containers were started from {serve.made_from}; run commands for them there"
        )
    damage = _damage_of_refused(serve.readiness, chain[-1])
    if not (broken or failures or damage):
        notes.append(
            "the lineage is complete, from source to model, by file sizes and recorded digests;"
            f" {make_command('verify')} reads every byte"
        )
    notes.append(describe_disk_use(chain))
    return Report(
        table=[_row(upstream, volume) for upstream, volume in links(chain)],
        mode=_mode(containers, is_watching=is_watching),
        working=working,
        findings=findings,
        notes=notes,
        serving=_serving(serve, chain[-1].latest, damage=damage, start=start),
        refusals=[*refusals(chain)],
    )


def reconfigured(report: Report) -> Report:
    """Add a finding that the pipeline file has changed; resident stages notice by themselves."""
    if report.mode.startswith("watch"):
        return report
    text = (
        "due: the pipeline file has changed since the stages ran;"
        f" {make_command('rerun')} runs what is due"
    )
    return replace(report, findings=[*report.findings, Finding(ATTENTION, text)])


def with_new_files(report: Report, newer: Sequence[str], raw: Volume) -> Report:
    """Add a finding on files that were added to the source; resident stages notice by themselves.

    `newer` are files below data/ that are newer than the last run of ingest.
    """
    if report.mode.startswith("watch"):
        return report
    try:
        known = {source["source"] for source in raw.open().manifest["inputs"]}
    except ContractError:
        return report
    # As ingest, without hidden names and markers such as _SUCCESS.
    added = sorted(
        name
        for name in newer
        if name not in known and not any(part.startswith((".", "_")) for part in Path(name).parts)
    )
    if not added:
        return report
    more = f" and {len(added) - 1} more" if len(added) > 1 else ""
    text = (
        f"due: {source_place(added[0])}{more}: added since {raw.stage} ran;"
        f" {make_command('rerun')} runs what is due"
    )
    return replace(report, findings=[*report.findings, Finding(ATTENTION, text)])


def _mode(containers: Containers, *, is_watching: bool) -> str:
    if not is_watching:
        return f"batch, the stages run with {make_command('rerun')}"
    alive = sum(each.is_running and each.is_resident for each in containers.values())
    return f"watch, {alive} of {len(containers)} stages are running and wait for changes"


def _is_at_work(volume: Volume, container: StageContainer | None) -> bool:
    """Return whether a stage is working; a resident stage has a draft on its volume then."""
    if container is None or not container.is_running:
        return False
    return not container.is_resident or any(volume.path.glob(f"{DRAFT}*/"))


def _recorded_failures(chain: list[Volume], runs: Runs) -> Iterator[Finding]:
    """Yield each FAILED.json, unless a later run failed without one."""
    for volume in chain:
        if volume.failure and not _failed_unrecorded(volume, runs):
            yield Finding(ATTENTION, _failed(volume))


def _failed_runs(chain: list[Volume], runs: Runs) -> Iterator[Finding]:
    """Yield the runs that failed without a FAILED.json: killed, crashed, or on a full disk."""
    for volume in chain:
        run = runs.get(volume.stage)
        if run and _failed_unrecorded(volume, runs) and not run.had_effect(volume):
            text = f"{volume.stage} failed with exit code {run.exit_code} and published nothing"
            yield Finding(ATTENTION, f"{text}; {make_command('rerun')} runs it again")


def _failed_unrecorded(volume: Volume, runs: Runs) -> bool:
    """Return whether the last run failed and any FAILED.json is of an earlier run."""
    run = runs.get(volume.stage)
    if run is None or run.exit_code == 0:
        return False
    return not volume.failure or run.began_after(volume.path / FAILED)


def _dead_residents(chain: list[Volume], containers: Containers) -> Iterator[Finding]:
    for volume in chain:
        container = containers.get(volume.stage)
        if container is None:
            yield Finding(BROKEN, f"broken: {volume.stage} has no container; {_start_watch()}")
        elif container.is_resident and not container.is_running:
            yield Finding(BROKEN, f"broken: {volume.stage} {container.end}; {_start_watch()}")


def _start_watch() -> str:
    return f"no new data is processed, {make_command('watch')} starts it again"


def _is_under_way(link: BrokenLink, going_on: set[str], *, failed: set[str]) -> bool:
    """Return whether a stage that is running repairs it, or goes on without a file that is gone."""
    is_left_out = link.is_one_of_several and link.stage not in failed
    return (link.is_due or is_left_out) and link.stage in going_on


def _broken(link: BrokenLink, *, again: str) -> Finding:
    if link.is_due:
        return Finding(ATTENTION, f"due: {link.advice(again)}")
    return Finding(BROKEN, f"broken: {link.advice(again)}")


def _differing(
    found: Mapping[str, Sequence[str]], *, start: str, made_from: str
) -> Iterator[Finding]:
    """Yield the services whose containers differ from the project's files."""
    for service, differences in found.items():
        if not differences:
            continue
        head = f"{service} differs from its settings and image; {start} replaces it:"
        if made_from:
            own = make_command("status")
            head = (
                f"{service} differs from the files of this folder; {own} compares it with its own:"
            )
        yield Finding(ATTENTION, "\n".join([head, *(f"  {line}" for line in differences)]))


def _wrong_settings(serve: ServeState) -> Iterator[Finding]:
    """Yield the error that makes other commands fail, which is to be corrected first."""
    if serve.settings_error:
        again = " again" if serve.container else ""
        yield Finding(
            ATTENTION,
            f"serve would not start{again}: {serve.settings_error}; {serve.settings_remedy}",
        )


def _of_serve(serve: ServeState, *, start: str) -> Iterator[Finding]:
    yield from _differing({"serve": serve.differences}, start=start, made_from=serve.made_from)
    container = serve.container
    if container and container.is_running and container.is_out_of_memory:
        yield Finding(
            ATTENTION, "serve ran out of memory since it started; raise SERVE_MEMORY (512m)"
        )
    if container and container.restarts:
        yield Finding(ATTENTION, f"Docker has restarted serve {container.restarts} times")


def _row(upstream: Volume | None, volume: Volume) -> tuple[str, ...]:
    if (live := volume.latest) is None:
        return volume.stage, "-", "", "", "", ""
    try:
        artifact = open_artifact(volume.path / live, volume.kind)
    except ContractError:
        return volume.stage, live, "", "", "", "can't be read"
    seconds = facts(artifact.path / "run.json").get("seconds")
    return (
        volume.stage,
        live,
        f"{artifact.rows:,}",
        published(artifact.path),
        f"{seconds:.1f} s" if isinstance(seconds, int | float) else "-",
        _made_from(artifact, upstream),
    )


def _made_from(artifact: Artifact, upstream: Volume | None) -> str:
    if upstream is None:
        return ", ".join(_sources(artifact))
    contents = [item["content"] for item in artifact.manifest["inputs"]]
    found = upstream.of_content(contents[0]) if contents else None
    if found is None:
        return f"{upstream.kind} that was pruned"
    age = "" if found.id == upstream.latest else "an older one, "
    return f"{age}{upstream.kind} {found.id}"


def _sources(raw: Artifact) -> Iterator[str]:
    sources = raw.manifest["inputs"]
    for source in sources[:2]:
        yield f"{source['source']} ({source['bytes']:,} bytes)"
    if len(sources) > 2:
        yield f"{len(sources) - 2} more files"


def _failed(volume: Volume) -> str:
    said = {key: str(value) for key, value in (volume.failure or {}).items()}
    reason = "; ".join(text for text in (said.get("cause"), said.get("hint")) if text)
    when = in_utc(said.get("when", ""))
    return f"{volume.stage} failed at {when} with exit code {said.get('exit_code')}: {reason}"


def _serving(serve: ServeState, latest: str | None, *, damage: str, start: str) -> Finding:
    if serve.container is None:
        return Finding(ATTENTION, f"serve is not running, {start} starts it")
    if not serve.container.is_running or serve.readiness is None:
        how = "" if serve.container.exit_code == 0 else f": {serve.container.end}"
        return Finding(BROKEN, f"serve is not running{how}, {start} starts it")
    ready = serve.readiness
    if ready.model is None:
        return Finding(BROKEN, f"serve has no model: {damage or ready.reason}")
    if ready.refused:
        refused = ready.refused.get("id")
        return Finding(
            BROKEN if damage else ATTENTION,
            f"serve answers with model {ready.model}; it refuses {refused}:"
            f" {damage or ready.refused.get('reason')}",
        )
    if ready.model != latest:
        return Finding(
            ATTENTION, f"serve answers with model {ready.model}, not with the latest, {latest}"
        )
    return Finding(WELL, f"serve answers with model {ready.model}")


def _damage_of_refused(ready: Readiness | None, models: Volume) -> str:
    """Return what is wrong with the files of the model that serve refuses, after reading them."""
    if ready is None or not (ready.refused or ready.model is None):
        return ""
    name = ready.refused.get("id") if ready.refused else models.latest
    if not isinstance(name, str) or not is_id(name) or not (models.path / name).is_dir():
        return ""
    try:
        open_artifact(models.path / name, models.kind).verify()
    except ContractError as error:
        return f"model {name} is damaged: {error}"
    return ""
