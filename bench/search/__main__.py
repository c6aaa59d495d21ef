"""Train beside FLAML: the same rows, the same time, the same held-out rows, one run.

    python3 -m bench.search                                # five tables, two minutes each for both
    python3 -m bench.search --tables penguins --budget 10

Runs ingest, clean, features and train of each table as plain processes, then FLAML on the rows that
train had, and scores both on the rows that neither saw. Ends with 1 if one of ours is more than
1 % behind.
"""
# It prints figures.

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.search.tables import DATA, ROOT, TABLES, Table

STAGES = ("ingest", "clean", "features", "train")
BAR = 0.01
"""Maximum relative loss against FLAML's best score."""
LOSSES = ("log_loss", "brier", "rmse", "mae", "median_absolute_error")

Figures = dict[str, Any]


def main() -> None:
    """Run and print."""
    options = _parser().parse_args()
    work = options.work.absolute()
    _call(str(ROOT / "scripts/envs.sh"), "search", *STAGES)
    lines, worst = [_heading(options.budget)], 0.0
    print(lines[0], flush=True)
    for table in TABLES:
        if table.name in options.tables:
            ours, theirs = _both(table, work / table.name, options)
            behind = _behind(table.metric, ours["score"], theirs["score"])
            worst = max(worst, behind)
            lines.append(_line(table, ours, theirs, behind))
            print(lines[-1], flush=True)
    (work / "figures.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(worst > BAR)


def _both(table: Table, work: Path, options: argparse.Namespace) -> tuple[Figures, Figures]:
    _provide(table, work, options.budget)
    volumes, results = work / "volumes", (work / "ours.json", work / "theirs.json")
    began = time.monotonic()
    for stage in STAGES:
        began = time.monotonic()
        _run([str(ROOT / "scripts/local.sh"), stage], work, log=f"{stage}.log")
    seconds = time.monotonic() - began
    python = str(ROOT / ".envs/search/bin/python")
    given = [str(volumes), table.metric]
    _run([python, "-m", "bench.search.judging", *given, str(results[0])], work, log="judging.log")
    budget = str(options.budget)
    _run([python, "-m", "bench.search.peer", *given, budget, str(results[1])], work, log="peer.log")
    ours, theirs = (json.loads(path.read_bytes()) for path in results)
    return ours | {"seconds": round(seconds, 1)}, theirs


def _provide(table: Table, work: Path, budget: int) -> None:
    """Create a fresh folder with the table and the pipeline file."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "pipelines").mkdir(parents=True)
    (work / "data").mkdir()
    settings = table.settings(budget)
    (work / "pipelines" / f"{table.name}.toml").write_text(settings, encoding="utf-8")
    if table.item:
        python, file = str(ROOT / ".envs/search/bin/python"), work / f"data/{table.name}.csv"
        _run(
            [python, "-m", "bench.search.exporting", "modeldata", table.item, str(file)],
            work,
            log="table.log",
        )
    else:
        (source,) = DATA.glob(f"{table.name}.csv*")
        shutil.copy(source, work / "data")


def _run(command: list[str], work: Path, *, log: str) -> None:
    """Run a command for one table; its output goes to the log."""
    environment = os.environ | {
        "PIPELINE": work.name,
        "DATA": str(work / "data"),
        "PIPELINES": str(work / "pipelines"),
        "VOLUMES": str(work / "volumes"),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'contract'}:{ROOT / 'contract/src'}",
    }
    with (work / log).open("wb") as output:
        ended = subprocess.run(  # noqa: S603  # the commands of this benchmark
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
        )
    if ended.returncode:
        text = (work / log).read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}: {text[-2000:]}")


def _behind(metric: str, ours: float, theirs: float) -> float:
    """Return the relative loss of our score; negative if it is better."""
    worse = ours - theirs if metric in LOSSES else theirs - ours
    return worse / abs(theirs)


def _heading(budget: int) -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"{budget} s for each search, {cores} cores\n\n"
        "| table | metric | ours | FLAML | ours is | trials | seconds | we chose | FLAML chose |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )


def _line(table: Table, ours: Figures, theirs: Figures, behind: float) -> str:
    what = f"{abs(behind):.2%} {'worse' if behind > 0 else 'better'}"
    cells = [
        table.name,
        table.metric,
        f"{ours['score']:.5g}",
        f"{theirs['score']:.5g}",
        what,
        f"{ours['trials']} / {theirs['trials']}",
        f"{ours['seconds']:.0f} / {theirs['seconds']:.0f}",
        ours["estimator"],
        theirs["estimator"],
    ]
    return f"| {' | '.join(cells)} |"


def _call(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  # the commands of this benchmark


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.search", description=__doc__.partition("\n")[0])
    names = [table.name for table in TABLES]
    parser.add_argument("--tables", nargs="+", default=names, choices=names)
    parser.add_argument("--budget", type=int, default=120, help="seconds for each search")
    parser.add_argument("--work", type=Path, default=ROOT / ".local/search")
    return parser


if __name__ == "__main__":
    main()
