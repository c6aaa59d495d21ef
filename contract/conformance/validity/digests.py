"""Digests: every file is listed with its bytes and hash, and `content` follows from them."""

from stage_contract import ContractError
from stage_contract.artifacts.digests import content_digest, file_digest
from stage_contract.artifacts.reading import BESIDE, sizes

from conformance.harness.faults import Fault
from conformance.validity.published import Published

_HASH_LATER = "hash the finished files of the draft, then write the manifest, then rename"


def check_digests(artifact: Published) -> None:
    """Check that exactly the listed files are there, as they are listed."""
    name = artifact.path.name
    try:
        found = sizes(artifact.path)
    except ContractError as error:
        raise Fault(f"{name}: {error}".replace(f"{artifact.path}: ", ""), "copy the file") from None
    files = artifact.manifest["files"]
    listed = {entry["path"]: entry for entry in files}
    for path in sorted(found.keys() - listed.keys() - BESIDE):
        raise Fault(
            f"{name}/{path}: not listed in the manifest", "list it under files, or leave it out"
        )
    for path, entry in listed.items():
        if path not in found:
            raise Fault(f"{name}/{path}: listed, but not there", _HASH_LATER)
        if entry["bytes"] != found[path]:
            raise Fault(
                f"{name}/{path}: {found[path]} bytes, listed with {entry['bytes']}", _HASH_LATER
            )
        digest = file_digest(artifact.path / path)
        if entry["sha256"] != digest:
            raise Fault(
                f"{name}/{path}: its SHA-256 is {digest}, listed with {entry['sha256']}",
                _HASH_LATER,
            )
    if len(listed) != len(files):
        raise Fault(f"{name}/manifest.json: a path is twice in files", "list each file once")
    if list(listed) != sorted(listed, key=str.encode):
        raise Fault(f"{name}/manifest.json: files are not sorted", "sort them by the path's bytes")
    content = content_digest((entry["path"], entry["sha256"]) for entry in files)
    if artifact.manifest["content"] != content:
        raise Fault(
            f"{name}/manifest.json: content = {artifact.manifest['content']},"
            f" its files give {content}",
            "SHA-256 of the lines `<sha256>  <path>\\n`, sorted by the path's bytes;"
            " vectors: contract/examples/vectors/digests.json",
        )
