"""Ingest, clean and features on tables far beyond the memory of their containers.

    python3 -m bench.scale --rows 3000000 30000000 --memory 1g

Builds the images, makes the tables, runs each stage in its container on all of them, checks the
counts, and prints the most memory and the time of a row. Ends with 1 if memory or processor time
of a row of the largest table are more than 15 % and 20 % above those of the smallest. Of `--stages`
those before must have been run in the same folder.
"""
# It prints figures.

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.scale.containers import Limited, run_limited

ROOT = Path(__file__).parents[2]
STAGES = ("ingest", "clean", "features")
VOLUMES = {"ingest": "raw-data", "clean": "clean-data", "features": "feature-data"}
MEMORY_BAR, TIME_BAR = 1.15, 1.2
PIPELINE = """source = "{file}"
target = {{column = "arr_delay", above = 15, name = "late"}}

[features]
exclude = ["flight_id", "dep_time", "dep_delay", "arr_time", "air_time", "year", "month", "day"]
split = "time"
time_column = "time_hour"
"""


def main() -> None:
    """Run and print."""
    options = _parser().parse_args()
    work = options.work.absolute()
    _prepare(work, options.rows)
    print("| stage | rows | s | CPU s | CPU µs a row | own MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    taken = {stage: _measure(stage, work, options) for stage in options.stages}
    first, last = min(options.rows), max(options.rows)
    held = [
        _holds(stage, runs[first], runs[last], last / first)
        for stage, runs in taken.items()
        if first != last
    ]
    sys.exit(not all(held))


def _measure(stage: str, work: Path, options: argparse.Namespace) -> dict[int, Limited]:
    """Run a stage on each table and print the measurements."""
    taken = {}
    for rows in options.rows:
        run = taken[rows] = _run(stage, work, rows, memory=options.memory)
        micro = run.cpu_seconds / rows * 1e6
        facts = [f"{run.seconds:.1f}", f"{run.cpu_seconds:.1f}", f"{micro:.2f}"]
        print(f"| {stage} | {rows:,} | {' | '.join(facts)} | {run.own_mb:.0f} |", flush=True)
        _check_counts(stage, work / str(rows) / VOLUMES[stage], rows)
    return taken


def _prepare(work: Path, sizes: list[int]) -> None:
    _call(str(ROOT / "scripts/envs.sh"), "tests")
    for stage in STAGES:
        image = ["--tag", f"stagecoach/{stage}:scale", str(ROOT / "services" / stage)]
        contract = f"contract={ROOT / 'contract'}"
        _call("docker", "build", "--quiet", "--build-context", contract, *image)
    (work / "pipelines").mkdir(parents=True, exist_ok=True)
    for rows in sizes:
        file = work / "data" / f"flights-{rows}.csv"
        _call(
            str(ROOT / ".envs/tests/bin/python"), "-m", "bench.scale.tables", str(rows), str(file)
        )
        text = PIPELINE.format(file=file.name)
        (work / f"pipelines/{rows}.toml").write_text(text, encoding="utf-8")


def _run(stage: str, work: Path, rows: int, *, memory: str) -> Limited:
    volumes = work / str(rows)
    before = dict(zip(STAGES[1:], VOLUMES.values(), strict=False))
    source = volumes / before[stage] if stage in before else work / "data"
    out = volumes / VOLUMES[stage]
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    os.chown(out, 10001, 10001)
    mounts = {source: "/data/in", out: "/data/out", work / "pipelines": "/config"}
    return run_limited(f"stagecoach/{stage}:scale", mounts, pipeline=str(rows), memory=memory)


def _check_counts(stage: str, volume: Path, rows: int) -> None:
    """Exit with an error unless all rows are accounted for: only duplicates are dropped."""
    manifest = _manifest(volume)
    metrics = manifest["metrics"]
    copies = rows // 100
    # features rejects rows without target; the other stages reject none.
    rejected = metrics.get("rejected", 0) if stage == "features" else 0
    found = (manifest["rows"] + rejected, metrics.get("duplicates", 0))
    expected = (rows + copies if stage == "ingest" else rows, copies if stage == "clean" else 0)
    if found != expected:
        sys.exit(f"{stage}: expected rows and duplicates {expected}, found {found}")


def _manifest(volume: Path) -> dict[str, Any]:
    latest = (volume / "LATEST").read_text(encoding="ascii").strip()
    found: dict[str, Any] = json.loads((volume / latest / "manifest.json").read_bytes())
    return found


def _holds(stage: str, first: Limited, last: Limited, times: float) -> bool:
    memory, time = last.own_mb / first.own_mb, last.cpu_seconds / first.cpu_seconds / times
    wall = last.seconds / first.seconds / times
    is_held = memory <= MEMORY_BAR and time <= TIME_BAR
    print(
        f"{stage}: {times:g} times the rows take {memory:.2f} of the memory (at most {MEMORY_BAR})"
        f" and {time:.2f} of the processor time of a row (at most {TIME_BAR}):"
        f" {'holds' if is_held else 'MISSED'}; by the clock {wall:.2f}"
    )
    return is_held


def _call(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # as above


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scale", description=__doc__.partition("\n")[0])
    sizes = [3_000_000, 30_000_000]
    parser.add_argument(
        "--rows", type=int, nargs="+", default=sizes, help="distinct rows of tables"
    )
    parser.add_argument("--stages", nargs="+", default=STAGES, choices=STAGES, help="(all)")
    parser.add_argument("--memory", default="1g", help="of each container, without swap (1g)")
    default = ROOT / ".local/scale"
    parser.add_argument("--work", type=Path, default=default, help="where all is kept, some 12 GB")
    return parser


if __name__ == "__main__":
    main()
