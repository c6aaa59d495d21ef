"""`python -m conformance --stage STAGE --image IMAGE`: check one image against the contract."""

import argparse
import os
import random
import shlex
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
from conformance.harness.running import Verdict, run_checks
from conformance.harness.stages import STAGES
from conformance.harness.subject import SETTINGS, Subject

_STANDARD_OUTPUT = "-"


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
    with subject:
        verdicts = _told(checks, subject, options)
    document = report.document(verdicts, options.image, options.stage)
    text = report.as_json(document | {"api": options.api, "seed": subject.seed})
    if options.json == _STANDARD_OUTPUT:
        print(text)
    elif options.json:
        Path(options.json).write_text(f"{text}\n", encoding="utf-8")
    return int(not document["keeps"])


def _told(checks: list[Check], subject: Subject, options: argparse.Namespace) -> list[Verdict]:
    """Run the checks and report each fault at once; the checks that hold follow at the end."""
    is_quiet = options.json == _STANDARD_OUTPUT
    verdicts: list[Verdict] = []
    if not is_quiet:
        print(report.heading(options.image, options.stage, len(checks), subject.seed), flush=True)
    for verdict in run_checks(checks, subject):
        verdicts.append(verdict)
        if verdict.verdict == "fault" and not is_quiet:
            lines = report.fault_lines(verdict, command=_command(options, subject.seed))
            print("\n".join(lines), flush=True)
        if sys.stderr.isatty():
            print(f"\r{len(verdicts)} of {len(checks)} checks\r", end="", file=sys.stderr)
    if not is_quiet:
        for line in report.closing_lines(verdicts):
            print(line)
        alone = ", Open Inference Protocol only" if options.api == "oip" else ""
        print(report.summary(verdicts, options.image, f"{options.stage}{alone}"))
    return verdicts


def _command(options: argparse.Namespace, seed: int) -> str:
    """Return the command that checks this image again."""
    more = {"SETTINGS": options.settings, "API": options.api if options.api != "all" else None}
    words = [f"{name}={shlex.quote(value)}" for name, value in more.items() if value]
    words = [f"STAGE={options.stage}", f"IMAGE={shlex.quote(options.image)}", *words]
    return f"make conform {' '.join(words)} SEED={seed}"


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
        epilog="Exit code: 0 it keeps the contract, 1 it does not or nothing was checked,"
        " 78 the command is wrong, 130 interrupted.",
    )
    parser.add_argument("--stage", required=True, help=", ".join(STAGES))
    parser.add_argument("--image", help="the image, which must be on this machine")
    parser.add_argument("--settings", metavar="FILE", help="pipeline file (default houses.toml)")
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const=_STANDARD_OUTPUT,
        help="also write a JSON report; without FILE, print it and nothing else",
    )
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
