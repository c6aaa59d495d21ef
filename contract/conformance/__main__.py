"""`python -m conformance --stage STAGE --image IMAGE`: check one image against the contract."""

import argparse
import json
import os
import random
import signal
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import docker
from docker.errors import DockerException, ImageNotFound
from stage_contract import did_you_mean

import conformance.checks  # noqa: F401  # registers them
from conformance.harness import report
from conformance.harness.checking import CHECKS, Check
from conformance.harness.running import run_checks
from conformance.harness.stages import STAGES
from conformance.harness.subject import SETTINGS, Subject


class UsageError(Exception):
    """The command was wrong: one line, exit code 78."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; see the epilog of --help for the exit codes."""
    options = _parser().parse_args(arguments)
    try:
        checks = _chosen(options.stage, options.only)
        if options.list:
            print("\n".join(report.listing(checks)))
            return 0
        subject = _subject(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    signal.signal(signal.SIGTERM, _interrupt)
    width = max(len(check.name) for check in checks)
    verdicts = []
    print(report.heading(options.image, options.stage, len(checks), subject.seed), flush=True)
    with subject:
        for verdict in run_checks(checks, subject):
            verdicts.append(verdict)
            print("\n".join(report.lines(verdict, width)), flush=True)
    if options.json:
        document = report.document(verdicts, options.image, options.stage) | {"api": options.api}
        text = json.dumps(document, indent=2, ensure_ascii=False)
        Path(options.json).write_text(f"{text}\n", encoding="utf-8")
    alone = ", Open Inference Protocol only" if options.api == "oip" else ""
    print(report.summary(verdicts, options.image, f"{options.stage}{alone}"))
    return int(any(verdict.verdict == "fault" for verdict in verdicts))


def _chosen(stage: str, only: str) -> list[Check]:
    if stage not in STAGES:
        raise UsageError(f"--stage {stage}: no such stage{did_you_mean(stage, STAGES)}")
    checks = [check for check in CHECKS if stage in check.stages]
    names = [name for name in only.split(",") if name]
    known = [check.name for check in checks]
    for name in names:
        if name not in known:
            raise UsageError(f"--only {name}: no check of {stage}{did_you_mean(name, known)}")
    return [check for check in checks if not names or check.name in names]


def _subject(options: argparse.Namespace) -> Subject:
    if not options.image:
        raise UsageError("--image is missing: the image to check, for example me/clean:1.2")
    if options.api == "oip" and options.stage != "serve":
        raise UsageError(f"--api oip: goes with --stage serve, {options.stage} has no API")
    settings = SETTINGS
    if options.settings:
        try:
            settings = Path(options.settings).read_text(encoding="utf-8")
            tomllib.loads(settings)
        except (OSError, ValueError) as error:
            raise UsageError(f"--settings {options.settings}: {error}") from None
    try:
        engine = docker.from_env(timeout=300)
        engine.images.get(options.image)
    except ImageNotFound:
        raise UsageError(
            f"--image {options.image}: no such image here; docker build -t {options.image} . or"
            f" docker pull {options.image}"
        ) from None
    except DockerException as error:
        raise UsageError(
            f"no Docker engine answers ({error}); start it, or type: scripts/bootstrap.sh"
        ) from None
    base_image = os.environ.get("PYTHON_IMAGE") or "python:3.13-slim"
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)  # noqa: S311  # no secret
    return Subject(engine, options.image, options.stage, settings, seed, base_image, options.api)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conform",
        description="Check a stage's image against the contract: black-box checks, each with a"
        " verdict, what failed, and how to fix it.",
        epilog="Exit code: 0 it keeps the contract, 1 it does not, 78 the command is wrong.",
    )
    parser.add_argument("--stage", required=True, help=", ".join(STAGES))
    parser.add_argument("--image", help="the image, which must be on this machine")
    parser.add_argument("--settings", metavar="FILE", help="pipeline file (default houses.toml)")
    parser.add_argument("--json", metavar="FILE", help="also write a JSON report")
    parser.add_argument("--only", metavar="NAME,…", default="", help="run only these checks")
    parser.add_argument("--seed", type=int, help="repeat the random choices of an earlier run")
    parser.add_argument(
        "--api",
        choices=["all", "oip"],
        default="all",
        help="the API that serve offers: all, or only the Open Inference Protocol",
    )
    parser.add_argument("--list", action="store_true", help="list the checks of the stage")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
