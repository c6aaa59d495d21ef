"""The lineage from source to model: each artifact's input is the content of the one before it."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.digests import file_digest
from stage_contract.artifacts.manifests import LATEST, MANIFEST
from stage_contract.artifacts.reading import check_sizes
from stage_contract.artifacts.verdicts import read_verdict
from stage_contract.commands import make_command

from history.container_runs import ContainerRun
from history.volumes import Volume, facts, links, refused_now

type Look = Callable[[Artifact], None]
type Runs = Mapping[str, ContainerRun]


@dataclass(frozen=True)
class BrokenLink:
    """An artifact that is missing, damaged, or not made from the latest one before it."""

    stage: str
    text: str
    is_due: bool = False
    """Whether running the stage repairs it."""
    is_one_of_several: bool = False
    """Whether it is a source file that is gone, and a run goes on with the others."""

    def advice(self, command: str) -> str:
        """Return the text, with the command to run if that helps."""
        if self.is_one_of_several:
            return f"{self.text}, or run {command} if the source is complete without it"
        return f"{self.text}, {command}" if self.is_due else self.text


def by_hashes(artifact: Artifact) -> None:
    """Verify every file of an artifact by its hash."""
    artifact.verify()


def broken_links(
    chain: list[Volume], data: Path, runs: Runs, *, look: Look = check_sizes
) -> Iterator[BrokenLink]:
    """Yield each broken link, starting at the source."""
    before: Artifact | None = None
    for upstream, volume in links(chain):
        try:
            artifact = volume.open()
            look(artifact)
        except ContractError as error:
            yield BrokenLink(volume.stage, str(error))
            before = None
            continue
        if upstream is None:
            yield from _changed_sources(artifact, data, volume, runs)
        elif before is not None and not volume.pinned:
            yield from _broken_link(before, artifact, volume, runs)
        yield from _idle(artifact, volume, runs)
        before = artifact


def damaged(chain: list[Volume]) -> dict[str, str]:
    """Return the error of each damaged latest artifact, by stage."""
    found = {}
    for volume in chain:
        if not (volume.path / LATEST).exists():
            continue
        try:
            volume.open().verify()
        except ContractError as error:
            found[volume.stage] = str(error)
    return found


def is_made_from(artifact: Artifact, source: Artifact) -> bool:
    """Return whether an artifact's input is another one's content."""
    return {"kind": source.kind, "content": source.content} in artifact.manifest["inputs"]


def is_address(source: str) -> bool:
    """Return whether a source is a URL, which only ingest can read."""
    return "://" in source


def is_source_changed(source: Mapping[str, str], data: Path) -> bool:
    """Return whether a file is gone or differs from the digest in the manifest."""
    if is_address(source["source"]):
        return False
    path = data / source["source"]
    try:
        return not path.exists() or file_digest(path) != source["sha256"]
    except PermissionError:
        place = source_place(source["source"])
        raise ContractError(
            f"{place}: not readable for uid {os.getuid()}; on the host: chmod a+r {quote(place)}"
        ) from None


def missing_source(raw: Artifact, source: Mapping[str, str], data: Path) -> BrokenLink | None:
    """Return a source file that is gone; None if it is there."""
    name = source["source"]
    if is_address(name) or (data / name).exists():
        return None
    return BrokenLink(
        "ingest",
        f"{source_place(name)}: no such file, but raw-data {raw.id} was made from it; restore it",
        is_one_of_several=len(raw.manifest["inputs"]) > 1,
    )


def source_place(name: str) -> str:
    """Return the path of a source file on the host."""
    return f"{os.environ.get('DATA') or 'data'}/{name}"


def _changed_sources(raw: Artifact, data: Path, volume: Volume, runs: Runs) -> Iterator[BrokenLink]:
    for source in raw.manifest["inputs"]:
        try:
            is_changed = is_source_changed(source, data)
        except ContractError as error:
            yield BrokenLink(volume.stage, str(error))
            continue
        if gone := missing_source(raw, source, data):
            yield gone
        elif is_changed:
            name = source["source"]
            what = f"raw-data {raw.id} was made from an older {source_place(name)}"
            yield _not_made(what, volume, runs, since=data / name)


def _broken_link(
    source: Artifact, artifact: Artifact, volume: Volume, runs: Runs
) -> Iterator[BrokenLink]:
    made = artifact
    if refused := volume.refused:
        # The live artifact is older because the newest one was refused.
        made = open_artifact(refused, volume.kind)
    if not is_made_from(made, source):
        what = (
            f"{artifact.kind} {artifact.id} was not made from the latest {source.kind} {source.id}"
        )
        yield _not_made(what, volume, runs, since=source.path.parent / LATEST)


def _not_made(what: str, volume: Volume, runs: Runs, *, since: Path) -> BrokenLink:
    run = runs.get(volume.stage)
    is_due = not volume.failure and (run is None or not run.began_after(since))
    return BrokenLink(volume.stage, f"{what}; {_why(volume, run, since=since)}", is_due)


def _why(volume: Volume, run: ContainerRun | None, *, since: Path) -> str:
    """Return why a stage has not published a new artifact."""
    if failure := volume.failure:
        return f"{volume.stage} failed with exit code {failure.get('exit_code')}"
    if run is None or not run.began_after(since):
        return f"{volume.stage} has not run since"
    if run.exit_code != 0:
        return f"{volume.stage} failed with exit code {run.exit_code}"
    return f"{volume.stage} exited with 0 but published nothing for it"


def _idle(artifact: Artifact, volume: Volume, runs: Runs) -> Iterator[BrokenLink]:
    run = runs.get(volume.stage)
    if run is not None and run.exit_code == 0 and not run.had_effect(volume):
        yield BrokenLink(
            volume.stage,
            f"{volume.stage} exited with 0, but published nothing and named no artifact in its log;"
            f" {artifact.kind} {artifact.id} is from an earlier run; check the image's command",
        )


def summary(chain: list[Volume]) -> Iterator[str]:
    """Yield the lineage as text, from the source files to the model's scores."""
    artifacts = [volume.open() for volume in chain]
    for volume, artifact in zip(chain, artifacts, strict=True):
        if volume.pinned:
            yield f"{volume.kind} is pinned to {artifact.id}: new runs do not replace it"
            yield from _older_source(chain, volume, artifact)
    yield "the lineage is complete, from source to model:"
    for source in artifacts[0].manifest["inputs"]:
        yield f"  {source['source']:<30} {source['bytes']:>12,} bytes  {source['sha256'][:12]}"
    for artifact in artifacts:
        rows = f"{artifact.rows:>12,} rows "
        yield f"  {artifact.kind:<13}{artifact.id} {rows}  {artifact.content[:12]}"
    yield f"  held-out: {_scores(artifacts[-1])}"
    for volume, artifact in zip(chain, artifacts, strict=True):
        if volume.refused and not volume.pinned:
            yield (
                f"{artifact.kind} {artifact.id} is older than its input above, because"
                f" {volume.stage} refused {volume.kind} {volume.refused.name}"
            )


def uncompared(model: Volume, runs: Runs) -> Iterator[str]:
    """Yield a warning if the last run replaced the live model and no gate compared the two."""
    run, live = runs.get(model.stage), model.latest
    others = [path.name for path in model.newest_first() if path.name != live]
    if run is None or live is None or not others or "judged" in read_verdict(model.path / live):
        return
    if not run.began_after(model.path / live / MANIFEST):
        yield (
            f"warning: model {live} was not compared with {others[0]}, the model before it,"
            f" because the image of {model.stage} has no gate; {make_command('models')} lists the"
            f" scores of both, {make_command(f'rollback ID={others[0]}')} goes back"
        )


def refusals(chain: list[Volume]) -> Iterator[str]:
    """Yield a line for each refused artifact: which one, why, and what to do."""
    for volume in chain:
        if refused := refused_now(volume):
            yield f"{volume.stage} refused {refused}"


def _older_source(chain: list[Volume], volume: Volume, artifact: Artifact) -> Iterator[str]:
    place = chain.index(volume)
    if place == 0:
        return
    source = chain[place - 1].open()
    if not is_made_from(artifact, source):
        yield f"{artifact.kind} {artifact.id}, which is pinned, was made from older {source.kind}"


def _scores(model: Artifact) -> str:
    metrics = facts(model.file("model.json")).get("metrics", {})
    return ", ".join(f"{name} {metric['value']:.4g}" for name, metric in metrics.items())
