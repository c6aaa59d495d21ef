"""`make verify`, first half: every byte from the live model back to the source files."""

from collections.abc import Iterator
from pathlib import Path

from stage_contract import Artifact, ContractError
from stage_contract.commands import make_command

from history.chain import is_address, is_source_changed
from history.mounted import Volume


def walk(chain: list[Volume], data: Path) -> Iterator[str]:
    """Yield a line for each artifact once its hashes and the way to the next one are right.

    Raises:
        ContractError: a hash is wrong, or the way ends before a source file.
    """
    *upstream, last = chain
    artifact = last.open()
    yield _verified(artifact, last)
    for volume in reversed(upstream):
        artifact = _source_of(artifact, volume)
        yield _verified(artifact, volume)
    for source in artifact.manifest["inputs"]:
        name = source["source"]
        if is_source_changed(source, data):
            raise ContractError(
                f"data/{name} is not the file that raw-data {artifact.id} was made from;"
                f" {make_command('rerun')} first"
            )
        place = name if is_address(name) else f"data/{name}"
        yield f"  made from {place}: {source['bytes']:,} bytes, SHA-256 {source['sha256'][:12]}"


def _source_of(artifact: Artifact, volume: Volume) -> Artifact:
    inputs = {item.get("kind"): item.get("content") for item in artifact.manifest["inputs"]}
    content = str(inputs.get(volume.kind))
    source = volume.of_content(content)
    if source is None:
        raise ContractError(
            f"{artifact.kind} {artifact.id} was made from {volume.kind} of content {content[:12]},"
            f" which is not on its volume; {make_command('rerun')},"
            f" or keep more in [{volume.stage}]"
        )
    return source


def _verified(artifact: Artifact, volume: Volume) -> str:
    artifact.verify()
    files = artifact.manifest["files"]
    size = sum(entry["bytes"] for entry in files)
    lead = f"{artifact.kind} {artifact.id}"
    note = "" if artifact.id == volume.latest else ", which is not the latest"
    return f"  {lead}{note}: all hashes of {len(files)} files, {size:,} bytes, are right"
