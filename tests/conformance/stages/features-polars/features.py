"""The stage features on polars: clean-data in, feature-data out."""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import run
import volume
from run import UserError, log


def facts_of(source: Path, manifest: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return what run.json says beside the time: ancestors and the selection so far."""
    try:
        selection = dict(json.loads((source / "run.json").read_bytes())["selection"])
    except volume.WRONG:
        selection = {}
    selection[run.NAME] = settings
    host = os.uname().nodename
    return {"ancestors": [manifest["id"]], "host": host, "selection": selection}


def work(*, forced: bool) -> None:
    """Do the run, or find that it is done."""
    started = time.monotonic()
    settings, keep = run.read_settings(Path(os.environ.get("STAGE_CONFIG", "/config")))
    source, source_manifest = volume.read_input()
    manifest = volume.cause_of(settings, source_manifest)
    identifier = manifest["id"]
    if not forced and volume.published(identifier, in_full=False):
        volume.take_again(identifier, keep)
        log(f"{volume.WRITES} {identifier} was published before", artifact=identifier)
        return
    from prepare import prepare  # noqa: PLC0415  # its libraries take a second to load

    draft = volume.make_draft()
    try:
        rows, metrics = prepare(source, draft, settings)
        seconds = time.monotonic() - started
        facts = facts_of(source, source_manifest, settings)
        facts |= {"finished": run.now(), "seconds": round(seconds, 3)}
        manifest = volume.seal(draft, manifest | {"rows": rows, "metrics": metrics}, facts)
        volume.publish(draft, manifest, keep=keep, forced=forced)
    except BaseException:
        volume.remove_draft(draft)
        raise
    log(f"published {volume.WRITES} {identifier}: {rows} rows, {metrics['rejected']} rejected")


def is_forced(arguments: list[str]) -> bool:
    """Tell whether the run works anyway and compares."""
    if unknown := [each for each in arguments if each != "--force"]:
        raise UserError(2, f"unknown argument {unknown[0]!r}", "there is only --force")
    return bool(arguments) or os.environ.get("STAGE_FORCE") == "1"


def main() -> int:
    """Run, and return the exit code."""
    run.end_on_signals()
    run.start_progress()
    try:
        work(forced=is_forced(sys.argv[1:]))
    except UserError as error:
        end = error
    except MemoryError:
        end = UserError(78, "the memory is too small for this table", "allow the container more")
    except OSError as error:
        end = UserError(73, f"the output cannot be written: {error}", "free or mount the volume")
    except BaseException as error:  # noqa: BLE001  # polars raises its panics past Exception
        end = UserError(1, f"a bug: {type(error).__name__}", "report the traceback above")
        for line in "".join(traceback.format_exception(error)).splitlines():
            log(line, "error")
    else:
        return 0
    line = log(f"{end.cause}; {end.hint}", "error", exit_code=end.code)
    volume.record_failure(line, end.code)
    return end.code


if __name__ == "__main__":
    sys.exit(main())
