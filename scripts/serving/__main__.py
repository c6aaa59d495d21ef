"""`python -m serving COMMAND`: the requests of scripts/serve.sh to a running serve."""

import argparse
import json
import sys
from pathlib import Path

from stage_contract import StageError, escaped, open_latest, pipeline_path, read_pointer
from stage_contract.commands import make_command

from serving.client import Serve, ServeError, open_serve
from serving.differences import differences
from serving.inspection import find

VOLUME = Path("/volumes/model")


def _live(_options: argparse.Namespace, serve: Serve) -> None:
    print(serve.readiness().model or "")


def _ready(_options: argparse.Namespace, serve: Serve) -> None:
    print(serve.ask("/ready").text)


def _wait(_options: argparse.Namespace, serve: Serve) -> None:
    model = read_pointer(VOLUME)
    if model is None:
        raise ServeError(f"no model was published yet; {make_command('up')} trains one")
    serve.wait_for(model)
    print(model)


def _is_ready(_options: argparse.Namespace, serve: Serve) -> None:
    ready = serve.readiness()
    if ready.model is None:
        raise ServeError(f"serve is not ready: {ready.reason}")


def _predict(options: argparse.Namespace, serve: Serve) -> None:
    path, body, answer = serve.predict(open_latest(VOLUME, "model"))
    key = "--header 'x-api-key: YOUR-KEY' " if serve.keys else ""
    quoted = body.replace("'", "'\\''")
    print(f"\ncurl {options.url}{path} {key}--json '{quoted}'\n{answer}")
    print()
    if serve.shows_page():
        print(f"page: {options.url}/")
    if serve.shows_docs():
        print(f"docs: {options.url}/docs")


def _differences(options: argparse.Namespace, serve: Serve) -> None:
    described = json.load(sys.stdin)
    found = find(described, serve, wanted=options.wanted, recreates=options.recreates)
    for line in differences(found):
        print(escaped(f"  {line}"))


def add_differences(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command `differences`."""
    parser.add_argument("--wanted", default="", help="settings of the pipeline file, as JSON")
    parser.add_argument("--recreates", action="store_true", help="Compose would recreate it")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, what in (
        ("live", _live, "print the id of the live model"),
        ("ready", _ready, "print the response of /ready"),
        ("wait", _wait, "wait for the latest model to be live, and print its id"),
        ("is-ready", _is_ready, "fail unless a model is live"),
        ("predict", _predict, "print a request and its response from the latest model"),
        (
            "differences",
            _differences,
            "print how serve differs from the project's files",
        ),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run)
        if run is _predict:
            command.add_argument("--url", required=True, help="URL of serve on the host")
        if run is _differences:
            add_differences(command)
    return parser


if __name__ == "__main__":
    options = _parser().parse_args()
    try:
        options.run(options, open_serve(pipeline_path()))
    except StageError as error:
        print(escaped(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)
