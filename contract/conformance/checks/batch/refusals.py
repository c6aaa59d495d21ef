"""Refusals: an input that is changed, truncated or for another stage ends a run with 65."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.checks.batch.first import first_artifact, passes_in_other_surroundings
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.inputs.republishing import edit_manifest
from conformance.inputs.surroundings import raise_minor_version
from conformance.validity.outcomes import REFUSED, check_outcome, check_refusal

READERS = ("clean", "features", "train")
"""The stages that read an artifact; the source tables of ingest have no manifest."""


def refuses(
    name: str, promise: str, *, must_name_file: bool = False
) -> Callable[[Callable[[Path, Path], None]], None]:
    """Register a check with a copy of the example that the decorated function spoils.

    The function gets the folder of the volume and the path of the largest listed file. The error
    must name this file if `must_name_file` is true.
    """

    def register(spoil: Callable[[Path, Path], None]) -> None:
        @check(f"refuses-{name}", stages=READERS, promise=f"{promise} is refused with 65")
        def run(subject: Subject) -> None:
            first_artifact(subject)
            volume = subject.copy_of_example()
            victim = largest_file(volume)
            spoil(volume, victim)
            result = subject.run(source=volume)
            check_refusal(result, REFUSED, names=victim.name if must_name_file else "")

    return register


@refuses("tampered", "a file with one changed bit", must_name_file=True)
def tampered(_volume: Path, victim: Path) -> None:
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)


@refuses("torn", "a truncated file", must_name_file=True)
def torn(_volume: Path, victim: Path) -> None:
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) // 2])


@refuses("missing-file", "a missing listed file", must_name_file=True)
def missing_file(_volume: Path, victim: Path) -> None:
    victim.unlink()


@refuses("unlisted-file", "a file that the manifest does not list")
def unlisted_file(_volume: Path, victim: Path) -> None:
    (victim.parent / f"part-00009{victim.suffix}").write_bytes(victim.read_bytes())


@refuses("link", "a link in place of a file, even to the right bytes")
def link(volume: Path, victim: Path) -> None:
    victim.rename(volume / "elsewhere")
    victim.symlink_to(os.path.relpath(volume / "elsewhere", victim.parent))


@refuses("stray-path", "a manifest that lists a path outside its artifact")
def stray_path(volume: Path, victim: Path) -> None:
    (volume / "stray").write_bytes(victim.read_bytes())
    edit_manifest(volume, lambda manifest: _lead_out(manifest, victim))


@refuses("wrong-content", "a manifest whose `content` is not the digest of its files")
def wrong_content(volume: Path, _victim: Path) -> None:
    edit_manifest(volume, lambda manifest: manifest.update(content="0" * 64))


@refuses("lost-pointer", "a LATEST that names nothing")
def lost_pointer(volume: Path, _victim: Path) -> None:
    (volume / "LATEST").write_text("0123456789abcdef\n", encoding="utf-8")


@refuses("no-pointer", "a volume without LATEST")
def no_pointer(volume: Path, _victim: Path) -> None:
    (volume / "LATEST").unlink()


@refuses("torn-manifest", "a truncated manifest")
def torn_manifest(volume: Path, _victim: Path) -> None:
    (path,) = volume.glob("*/manifest.json")
    path.write_bytes(path.read_bytes()[:100])


@refuses("other-major", "an artifact of another major version of the contract")
def other_major(volume: Path, _victim: Path) -> None:
    edit_manifest(volume, lambda manifest: manifest.update(contract="2.0"))


@check("refuses-other-kind", stages=READERS, promise="another kind of artifact is refused with 65")
def refuses_other_kind(subject: Subject) -> None:
    first_artifact(subject)
    other = EXAMPLES / ("raw-data" if subject.reads != "raw-data" else "clean-data")
    check_refusal(subject.run(source=other), REFUSED)


@check("newer-minor", stages=READERS, promise="a newer minor version with more fields is read")
def newer_minor(subject: Subject) -> None:
    first_artifact(subject)
    if passes_in_other_surroundings(subject):
        return  # One run has passed for several checks.
    volume = subject.copy_of_example()
    raise_minor_version(volume)
    run = subject.run(source=volume)
    check_outcome(subject, run, volume)
    if run.exit_code != 0:
        raise Fault(f"{run.ending}; expected 0", "accept every 1.x, and ignore unknown fields")


def largest_file(volume: Path) -> Path:
    """Return the largest file of the artifact that a volume's LATEST names."""
    (manifest,) = volume.glob("*/manifest.json")
    files = json.loads(manifest.read_bytes())["files"]
    largest = max(files, key=lambda entry: int(entry["bytes"]))
    return manifest.parent / str(largest["path"])


def _lead_out(manifest: dict[str, Any], victim: Path) -> None:
    for entry in manifest["files"]:
        if victim.as_posix().endswith(entry["path"]):
            entry["path"] = "../stray"
