"""`python -m history COMMAND`: what `make status`, `make history`, `make diff` and others print."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from serving.__main__ import add_differences
from serving.client import open_serve
from serving.differences import InspectedService, differences
from serving.inspection import described_as
from serving.inspection import find as find_serve
from serving.sample_row import sample_row
from stage_contract import ContractError, escaped, open_latest, pipeline_path, read_pointer
from stage_contract.artifacts.publishing import prune
from stage_contract.commands import make_command
from stage_contract.stages.failures import as_stage_error

from history.container_runs import parse_runs
from history.containers import container_of
from history.difference_table import lines
from history.differences import compare
from history.disk import describe_pruning
from history.lineage import broken_links, by_hashes, damaged, refusals, summary, uncompared
from history.listing import history
from history.lookup import find
from history.reproducibility import compare_stage
from history.status import ServeState, reconfigured, status, with_new_files
from history.verification import verify_lineage
from history.volumes import KINDS, volumes

VOLUMES = Path("/volumes")
DATA = VOLUMES / "data"
SCRATCH = Path("/scratch")
RAN = "the last run of a stage's container: STAGE EXIT_CODE STARTED_AT TIME=ID…, as one text"


def print_lines(lines: Iterable[str]) -> None:
    """Print lines with control characters escaped: a column name may hold some."""
    print("\n".join(map(escaped, lines)).rstrip(), flush=True)


def _check(options: argparse.Namespace) -> None:
    chain = volumes(VOLUMES)
    runs = parse_runs(options.ran)
    for link in broken_links(chain, DATA, runs, look=by_hashes):
        raise ContractError(link.advice(make_command("rerun")))
    print_lines(summary(chain))
    for warning in uncompared(chain[-1], runs):
        print(escaped(warning), file=sys.stderr, flush=True)


def _status(options: argparse.Namespace) -> None:
    described = json.load(sys.stdin)
    containers = {
        stage: replace(
            found, differences=_differences(options, described, stage) if found.is_resident else ()
        )
        for stage in KINDS
        if (found := container_of(described, stage)) is not None
    }
    report = status(
        volumes(VOLUMES),
        DATA,
        parse_runs(options.ran),
        containers=containers,
        serve=_serve(options, described),
    )
    report = with_new_files(report, options.newer.splitlines(), volumes(VOLUMES)[0])
    # With wrong settings, the command that this advises would fail.
    if options.reconfigured and not options.settings_error:
        report = reconfigured(report)
    if options.json:
        print(json.dumps({"pipeline": os.environ.get("PIPELINE")} | report.as_json(), indent=2))
    else:
        print_lines(line for each in report.lines() for line in each.split("\n"))
    sys.exit(report.level)


def _serve(options: argparse.Namespace, described: dict[str, Any]) -> ServeState:
    """Return the state of serve; this container shares its network and processes if it runs."""
    container = container_of(described, "serve")
    state = ServeState(
        container,
        settings_error=options.settings_error,
        settings_remedy=options.settings_remedy,
        made_from=options.made_from,
    )
    if container is None or not container.is_running:
        return state
    serve = open_serve(pipeline_path())
    found = find_serve(described, serve, wanted=options.wanted, recreates=options.recreates)
    return replace(state, readiness=serve.readiness(), differences=differences(found))


def _differences(options: argparse.Namespace, described: dict[str, Any], stage: str) -> list[str]:
    """Return the differences between a resident container and the project's files."""
    return differences(
        InspectedService(
            described_as(described, stage)[0],
            described["config"],
            described["images"],
            service=stage,
            recreates=stage in options.recreated.split(),
        )
    )


def _history(options: argparse.Namespace) -> None:
    print_lines(history(volumes(VOLUMES), options.stage, options.served))


def _diff(options: argparse.Namespace) -> None:
    chain = volumes(VOLUMES)
    a, b = (find(chain, getattr(options, name), variable=name) for name in "AB")
    difference = compare(a, b)
    if options.json:
        print(json.dumps(difference.as_json(), indent=2))
    else:
        print_lines(lines(difference))


def _latest(_options: argparse.Namespace) -> None:
    print(read_pointer(VOLUMES / "model"))


def _refused(_options: argparse.Namespace) -> None:
    print("\n".join(refusals(volumes(VOLUMES))), end="")


def _request(_options: argparse.Namespace) -> None:
    model = open_latest(VOLUMES / "model", "model")
    row, _placeholders = sample_row(model)
    print(json.dumps({"rows": [row]}))


def _walk(_options: argparse.Namespace) -> None:
    for line in verify_lineage(volumes(VOLUMES), DATA):
        print_lines([line])


def _damaged(_options: argparse.Namespace) -> None:
    """Print the stages to force, in the form of FORCE; the reasons go to standard error."""
    found = damaged(volumes(VOLUMES))
    for reason in found.values():
        print(reason, file=sys.stderr)
    print(",".join(found))


def _pinned_older(_options: argparse.Namespace) -> None:
    """Print the pinned model if a newer one exists."""
    (model,) = (volume for volume in volumes(VOLUMES) if volume.kind == "model")
    newest = next(iter(model.newest_first()), None)
    if model.pinned and newest and newest.name != model.pinned:
        print(model.pinned)


def _prunable(options: argparse.Namespace) -> None:
    print("\n".join(describe_pruning(volumes(VOLUMES), keep=options.keep)))


def _prune(options: argparse.Namespace) -> None:
    for volume in volumes(VOLUMES):
        if volume.path.is_dir():
            removed = prune(volume.path, keep=options.keep)
            print(f"{volume.kind}: removed {', '.join(removed) or 'nothing'}")


def _compare(options: argparse.Namespace) -> None:
    print_lines([compare_stage(options.stage, live=volumes(VOLUMES), scratch=volumes(SCRATCH))])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m history", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], None], what: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run)
        return command

    add("check", _check, "exit with 65 and name the first broken link of the lineage")
    add(
        "damaged",
        _damaged,
        "print the stages whose latest artifact is damaged, after reading it all",
    )
    add("pinned-older", _pinned_older, "print the pinned model if it is not the newest")
    add("latest", _latest, "print the id of the latest model")
    add("refused", _refused, "print which artifact is refused, why, and what to do")
    add(
        "request",
        _request,
        "print a request body for the latest model: its first example",
    )
    add("walk", _walk, "verify all bytes from the live model to the source files")
    shown = add("status", _status, "print what is live; exit with 1 (attention) or 2 (broken)")
    shown.add_argument("--json", action="store_true")
    shown.add_argument(
        "--reconfigured", action="store_true", help="the pipeline file is newer than the runs"
    )
    shown.add_argument("--newer", default="", help="source files newer than the run, one a line")
    shown.add_argument("--recreated", default="", help="the stages that Compose would recreate")
    shown.add_argument("--settings-error", default="", help="the error in serve's settings")
    shown.add_argument("--settings-remedy", default="", help="what to do about that error")
    shown.add_argument(
        "--made-from",
        default="",
        help="the folder of the containers, if it is another",
    )
    add_differences(shown)
    listed = add("history", _history, "list the artifacts with what changed each time")
    listed.add_argument("stage", nargs="?", default="")
    listed.add_argument("--served", default="", help="the id of the model that serve answers with")
    compared = add("diff", _diff, "print two artifacts side by side")
    compared.add_argument("A")
    compared.add_argument("B")
    compared.add_argument("--json", action="store_true")
    again = add("compare", _compare, "compare a stage's artifact with that of a run in /scratch")
    again.add_argument("stage")
    for name, run, what in (
        ("prunable", _prunable, "print what pruning would remove"),
        ("prune", _prune, "remove all but the newest artifacts of each volume, mounted writable"),
    ):
        add(name, run, what).add_argument("--keep", type=int, required=True)
    for command in (commands.choices["check"], shown):
        command.add_argument("--ran", action="append", default=[], help=RAN)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code of a failure that a user can fix."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except Exception as error:
        failure = as_stage_error(error, SCRATCH)
        if failure is None:
            raise
        print(escaped(str(failure)), file=sys.stderr)
        return failure.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
