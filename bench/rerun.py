"""How long a stage takes in its container to find out that nothing is due, and `make rerun` in all.

    make up && .envs/tests/bin/python bench/rerun.py

Asks the pipeline that PIPELINE names (default diamonds), which must be up to date. Ends with 1 if a
stage needs more than a second in its container, or works.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGES = ("ingest", "clean", "features", "train")
BAR_SECONDS = 1.0


def main() -> None:
    """Measure and print."""
    options = _parser().parse_args()
    is_within = True
    print(f"{'unchanged':<12}{'median':>10}{'most':>10}   seconds in its container")
    for stage in STAGES:
        seconds = [_run(stage) for _ in range(options.times)]
        is_within &= max(seconds) <= BAR_SECONDS
        print(f"{stage:<12}{statistics.median(seconds):>10.2f}{max(seconds):>10.2f}")
    began = time.monotonic()
    _call(str(ROOT / "scripts/pipeline.sh"), "rerun").check_returncode()
    print(f"{'make rerun':<12}{time.monotonic() - began:>10.2f}             in all, with the check")
    sys.exit(not is_within)


def _run(stage: str) -> float:
    """Run a stage in a new container; return its duration in seconds."""
    name = f"stagecoach-bench-{os.getpid()}"
    run = _call("docker", "compose", "run", "--no-deps", "--no-TTY", "--name", name, stage)
    try:
        inspected = _call("docker", "inspect", "--format", "{{json .State}}", name)
        state = json.loads(inspected.stdout)
    finally:
        _call("docker", "rm", "--force", name)
    if run.returncode != 0 or "unchanged" not in run.stdout:
        sys.exit(f"{stage} is not up to date; make rerun first. It said: {run.stdout}{run.stderr}")
    started, finished = (datetime.fromisoformat(state[key]) for key in ("StartedAt", "FinishedAt"))
    return (finished - started).total_seconds()


def _call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # the commands above


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=9, help="runs of each stage (default 9)")
    return parser


if __name__ == "__main__":
    main()
