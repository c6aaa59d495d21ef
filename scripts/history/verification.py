"""`make verify`, first half: every byte from the live model back to the source files."""

from collections.abc import Iterator
from pathlib import Path

from stage_contract import Artifact, ContractError
from stage_contract.commands import make_command

from history.lineage import is_address, is_source_changed, missing_source, source_place
from history.volumes import Volume


def verify_lineage(chain: list[Volume], data: Path) -> Iterator[str]:
    """Yield a line for each artifact whose hashes and lineage are verified.

    Raises:
        ContractError: A hash or a LATEST is wrong, or the lineage ends before a source file.
    """
    *upstream, last = chain
    for volume in upstream:
        # The lineage goes by content, so a damaged LATEST would not be noticed.
        volume.open()
    artifact = last.open()
    yield _verified(artifact, last)
    for volume in reversed(upstream):
        artifact = _source_of(artifact, volume)
        yield _verified(artifact, volume)
    for source in artifact.manifest["inputs"]:
        name = source["source"]
        if is_source_changed(source, data):
            gone = missing_source(artifact, source, data)
            raise ContractError(
                gone.advice(make_command("rerun"))
                if gone
                else f"{source_place(name)} has changed since raw-data {artifact.id} was made"
                f" from it; run {make_command('rerun')} first"
            )
        place = name if is_address(name) else source_place(name)
        yield f"  made from {place}: {source['bytes']:,} bytes, SHA-256 {source['sha256'][:12]}"


def _source_of(artifact: Artifact, volume: Volume) -> Artifact:
    inputs = {item.get("kind"): item.get("content") for item in artifact.manifest["inputs"]}
    content = str(inputs.get(volume.kind))
    source = volume.of_content(content)
    if source is None:
        raise ContractError(
            f"{artifact.kind} {artifact.id} was made from {volume.kind} with content"
            f" {content[:12]}, which was pruned; run {make_command('rerun')},"
            f" or raise `keep` in [{volume.stage}]"
        )
    return source


def _verified(artifact: Artifact, volume: Volume) -> str:
    artifact.verify()
    files = artifact.manifest["files"]
    size = sum(entry["bytes"] for entry in files)
    lead = f"{artifact.kind} {artifact.id}"
    note = "" if artifact.id == volume.latest else ", which is not the latest"
    return f"  {lead}{note}: {len(files)} files, {size:,} bytes, all hashes match"
