"""The stage train on LightGBM: feature-data in, model out."""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import stage

SETTINGS = {  # default and bounds
    "trials": (3, 1, 6),
    "folds": (3, 2, 10),
    "examples": (20, 1, 1000),
    "seed": (0, 0, 2**31 - 1),
    "better_than_dummy": (True, False, True),
    "keep": (5, 1, 10_000),
}
NOT_IN_THE_ID = ("better_than_dummy", "keep")


def judge(folder: Path, settings: dict[str, Any]) -> None:
    """Write the verdict of the gate, unless it stands or somebody has set it aside."""
    model = json.loads((folder / "model.json").read_text("utf-8"))
    metric = "rmse" if model["task"] == "regression" else "log_loss"
    value, dummy = (model[part][metric]["value"] for part in ("metrics", "baseline"))
    parity = model["parity"]
    checks = [
        {
            "check": "parity",
            "passed": parity["max_difference"] <= parity["tolerance"],
            "value": parity["max_difference"],
            "limit": parity["tolerance"],
            "why": f"LightGBM and the graph differ by {parity['max_difference']:.3g} at most",
        }
    ]
    if settings["better_than_dummy"]:
        checks.append(
            {
                "check": "dummy",
                "passed": value < dummy,
                "metric": metric,
                "value": value,
                "limit": dummy,
                "why": f"{metric} is {value:.6g}, that of a dummy is {dummy:.6g}",
            }
        )
    verdict = {
        "accepted": all(check["passed"] for check in checks),
        "reasons": [check["why"] for check in checks if not check["passed"]],
        "checks": checks,
        "metric": metric,
        "value": value,
        "baseline": dummy,
        "difference": value - dummy,
        "beats_baseline": value < dummy,
        "parity": parity | {"passed": checks[0]["passed"]},
    }
    before = stage.verdict_of(folder)
    if before != verdict and "override" not in before:
        stage.put(folder / "verdict.json", stage.dump(verdict))


def run_facts(source: Path, started: float, rows: int) -> dict[str, Any]:
    try:
        selection = json.loads((source / "run.json").read_text("utf-8"))["selection"]
    except (OSError, ValueError, KeyError, TypeError):
        selection = {}
    seconds = time.monotonic() - started
    return {
        "when": stage.now(),
        "seconds": round(seconds, 3),
        "rows_per_second": round(rows / seconds, 1),
        "host": os.uname().nodename,
        "selection": selection,
    }


def run(ending: stage.Ending, *, forced: bool) -> None:
    started = time.monotonic()
    progress = stage.Progress()
    settings = stage.settings_of(SETTINGS)
    progress.doing = "verifying the input"
    source, source_manifest = stage.read_input()
    cause = {key: value for key, value in settings.items() if key not in NOT_IN_THE_ID}
    manifest = stage.cause_of(cause, source_manifest)
    identifier = manifest["id"]
    stage.remove_dead_drafts()
    if stage.published_before(identifier) and not forced:
        with stage.volume(), ending.busy:
            judge(stage.OUT / identifier, settings)
            stage.touch(identifier)
            stage.point(identifier)
            ending.published = True
        stage.log(f"{stage.WRITES} {identifier} was published before")
        return
    import learn  # noqa: PLC0415  # takes a second, in which a signal may come

    draft = stage.start_draft(ending)
    rows, metrics = learn.learn(source, draft, settings, progress)
    manifest |= {"rows": rows, "metrics": {"rejected": 0} | metrics}
    facts = run_facts(source, started, rows)
    (draft / "run.json").write_text(stage.dump(facts), "utf-8")
    manifest = stage.seal(draft, manifest)
    with stage.volume(), ending.busy:
        judge(draft, settings)
        stage.publish(draft, manifest, forced=forced)
        judge(stage.OUT / identifier, settings)  # by the limits of now
        stage.touch(identifier)
        stage.point(identifier)
        stage.prune(settings["keep"])
        ending.published = True
    stage.log(f"published {stage.WRITES} {identifier}")


def is_forced(arguments: list[str]) -> bool:
    if set(arguments) - {"--force"}:
        raise stage.EndError(2, f"unknown arguments {arguments}", "there is only --force")
    return bool(arguments) or os.environ.get("STAGE_FORCE") == "1"


def main() -> int:
    ending = stage.Ending()
    try:
        run(ending, forced=is_forced(sys.argv[1:]))
    except stage.EndError as error:
        end = error
    except MemoryError:
        end = stage.EndError(78, "out of memory", "allow more, or use fewer rows or columns")
    except OSError as error:
        end = stage.EndError(73, f"cannot write: {error}", "free or mount the output volume")
    except Exception as error:  # noqa: BLE001  # a bug: its traceback goes to the log
        end = stage.EndError(1, f"a bug: {type(error).__name__}", "report the traceback")
        for line in "".join(traceback.format_tb(error.__traceback__)).splitlines():
            stage.log(line, "error")
    else:
        return 0
    stage.failed(end, ending)
    return end.code


if __name__ == "__main__":
    sys.exit(main())
