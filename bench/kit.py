"""Plant every fault of a stage, one at a time, and count how many the conformance kit finds.

`make prove-kit [STAGE=serve-node]` runs it. Each result is kept with the image, the kit and the
commit that it is about, so an interrupted campaign continues.
"""

import argparse
import hashlib
import json
import signal
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import docker
from conformance.harness.checking import CHECKS, Check
from conformance.harness.running import Verdict, run_checks
from conformance.harness.stages import STAGES
from conformance.harness.subject import Subject
from support.planted_faults import (
    FaultError,
    PlantedFault,
    commit,
    conformant_image,
    faults_of,
    faulty_image,
    foreign_stages,
)
from support.running import BASE_IMAGE, ROOT, stage_of

RESULTS = ROOT / "build/prove-kit"
MIN_SHARE = 0.9
"""Share of the faults of a foreign stage that the kit must find; of our own it must find all."""
SEED = 1
CHECKS_OF = {"features": "features", "model": "train", "serve": "serve"}
"""The only stage that the checks of a folder are for; those of other folders are for several."""
COMMIT = commit()

type Result = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """The file with the results of one stage: a JSON object a line, the last one counts."""

    path: Path

    def all(self) -> list[Result]:
        """Return all results, the oldest first."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def find(self, **facts: Any) -> Result | None:
        """Return the last result with these facts."""
        is_it = facts.items()
        return next((r for r in reversed(self.all()) if is_it <= _hashable(r).items()), None)

    def add(self, result: Result) -> Result:
        """Append a result and return it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
        return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command: 0 if enough faults were found, 1 if not, 2 if one could not be planted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    engine = docker.from_env(timeout=300)
    try:
        subjects = _subjects(options.stage)
        only = _only(options.only, subjects)
        codes = [_prove(engine, subject, options.within, only) for subject in subjects]
    except FaultError as error:
        print(error, file=sys.stderr)
        return 2
    return max(codes)


def _subjects(stage: str) -> list[str]:
    """Return the stages that a name means: one folder, or all of one kind, or all."""
    known = [*STAGES, *foreign_stages()]
    if stage in foreign_stages():
        return [stage]
    chosen = [name for name in known if not stage or name.partition("-")[0] == stage]
    if not chosen:
        raise FaultError(f"STAGE={stage}: expected one of {', '.join(known)}")
    return chosen


def _only(names: str, subjects: list[str]) -> set[str]:
    """Return the faults to plant."""
    known = {fault.name for subject in subjects for fault in faults_of(subject)}
    chosen = set(names.split(",")) if names else known
    if unknown := chosen - known:
        raise FaultError(f"--only {min(unknown)}: no such fault of {', '.join(subjects)}")
    return chosen


def _prove(engine: docker.DockerClient, subject: str, within: float, only: set[str]) -> int:
    faults = faults_of(subject)
    results = Results(RESULTS / f"{subject}.jsonl")
    image = conformant_image(subject)
    known = {"image": str(engine.images.get(image).id), "kit": _kit_digest(stage_of(subject))}
    seconds = _plain_seconds(engine, image, subject, results, known)
    seen = [fault for fault in faults if not fault.unseen]
    found: dict[str, Result] = {}
    for fault in seen:
        if fault.name not in only:
            continue
        facts = {"fault": fault.name, "patch": fault.digest, **known}
        result = results.find(**facts)
        if result is None:
            order = _ordered(fault, seconds, results)
            fast = [check for check in order if seconds[check.name] <= within]
            outcome = _planted(engine, image, fault, fast)
            if outcome["caught_by"] is None and len(fast) < len(order):
                print(f"{subject}  {fault.name}: still open after {len(fast)} checks", flush=True)
                continue
            result = results.add(facts | outcome | {"commit": COMMIT})
            print(_line(fault, result), flush=True)
        found[fault.name] = result
    return _report(subject, faults, found)


def _plain_seconds(
    engine: docker.DockerClient, image: str, subject: str, results: Results, known: Result
) -> dict[str, float]:
    """Return how long each check takes on the image without a fault, which must pass them all."""
    checks = [check for check in CHECKS if stage_of(subject) in check.stages]
    seconds: dict[str, float] = {}
    for check in checks:
        if result := results.find(fault=None, check=check.name, **known):
            seconds[check.name] = result["seconds"]
    missing = [check for check in checks if check.name not in seconds]
    for verdict in _verdicts(engine, image, subject, missing) if missing else ():
        name = verdict.check.name
        if verdict.verdict == "fault":
            raise FaultError(
                f"{subject}: the kit finds a fault in the image as it is: {name}: {verdict.what}"
            )
        seconds[name] = round(verdict.seconds, 2)
        facts = {"fault": None, "check": name, **known}
        results.add(facts | {"seconds": seconds[name], "commit": COMMIT})
    return seconds


def _ordered(fault: PlantedFault, seconds: dict[str, float], results: Results) -> list[Check]:
    """Return the checks: first the one that found this fault before, then the fastest."""
    before = results.find(fault=fault.name) or {}
    first = {*fault.checks, before.get("caught_by")}
    checks = [check for check in CHECKS if fault.stage in check.stages]
    return sorted(checks, key=lambda check: (check.name not in first, seconds[check.name]))


def _planted(
    engine: docker.DockerClient, image: str, fault: PlantedFault, checks: list[Check]
) -> Result:
    began = time.monotonic()
    with (
        faulty_image(engine, image, fault) as broken,
        closing(_verdicts(engine, broken, fault.subject, checks)) as verdicts,
    ):
        found = next((verdict for verdict in verdicts if verdict.verdict == "fault"), None)
    seconds = round(time.monotonic() - began, 1)
    if found is None:
        return {"caught_by": None, "seconds": seconds}
    return {"caught_by": found.check.name, "what": found.what, "seconds": seconds}


def _verdicts(
    engine: docker.DockerClient, image: str, subject: str, checks: list[Check]
) -> Generator[Verdict]:
    stage = stage_of(subject)
    with Subject(engine, image, stage, seed=SEED, base_image=BASE_IMAGE) as checked:
        yield from run_checks(checks, checked)


def _report(subject: str, faults: list[PlantedFault], found: dict[str, Result]) -> int:
    missed = [f for f in faults if f.name in found and not found[f.name]["caught_by"]]
    unseen = [fault for fault in faults if fault.unseen]
    caught = len(found) - len(missed)
    still_open = len(faults) - len(unseen) - len(found)
    more = f"{still_open} are open, {len(unseen)} can't be seen"
    print(f"{subject}: caught {caught} of {len(found)} planted; {more}")
    for fault in missed:
        print(f"  missed  {fault.name}: {fault.what}")
    for fault in unseen:
        print(f"  unseen  {fault.name}: {fault.unseen}")
    least = MIN_SHARE if subject in foreign_stages() else 1
    return int(caught < least * len(found))


def _line(fault: PlantedFault, result: Result) -> str:
    by = result["caught_by"]
    verdict = f"caught by {by}" if by else "MISSED"
    return f"{fault.subject}  {fault.name}: {verdict}  {result['seconds']} s"


@cache
def _kit_digest(stage: str) -> str:
    """Return a digest of everything that a verdict on a stage depends on besides the image."""
    others = {f"checks/{folder}" for folder, owner in CHECKS_OF.items() if owner != stage}
    digest = hashlib.sha256()
    folders = ("contract/conformance", "contract/src", "contract/schemas", "contract/examples")
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            is_of_another = any(other in path.as_posix() for other in others)
            if path.is_file() and path.suffix not in {".pyc", ".md"} and not is_of_another:
                digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _hashable(result: Result) -> Result:
    return {key: value for key, value in result.items() if not isinstance(value, dict)}


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prove-kit", description=__doc__)
    parser.add_argument("--stage", default="", help="a stage, or a folder of foreign stages")
    parser.add_argument(
        "--within",
        metavar="SECONDS",
        type=float,
        default=float("inf"),
        help="run only the checks that take no longer on the image without a fault; what they do"
        " not find stays open",
    )
    parser.add_argument("--only", metavar="NAME,…", default="", help="plant only these faults")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
