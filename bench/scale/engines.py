"""Ingest and clean beside DuckDB and Polars: the same table, the same cores, one run.

    python3 -m bench.scale.engines --rows 3000000

Makes the environments and the table that are missing, runs every case `--rounds` times in turn,
checks that both cleaned tables are equal, and prints medians. Ends with 1 if a bar is missed.
"""
# It prints figures.

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.scale.processes import Taken, measure

ROOT = Path(__file__).parents[2]
INGEST_BAR, CLEAN_BAR = 0.7, 0.5
"""Minimum rows per second relative to the best other engine."""


@dataclass(frozen=True)
class Case:
    """One engine running one stage."""

    stage: str
    engine: str
    run: Callable[[], Taken]


def main() -> None:
    """Run and print."""
    options = _parser().parse_args()
    work = options.work.absolute()
    _prepare(work, options.rows)
    cases = _cases(work, options.rows)
    taken: dict[Case, list[Taken]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for case in cases:
            taken[case].append(case.run())
    _check_tables(work)
    cores = len(os.sched_getaffinity(0))
    print(f"{options.rows:,} rows, {cores} cores, medians of {options.rounds}\n")
    print("| stage | engine | s | CPU s | own MB | resident MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in cases:
        print(_line(case, taken[case]))
    sys.exit(not all([_holds("ingest", INGEST_BAR, taken), _holds("clean", CLEAN_BAR, taken)]))


def _prepare(work: Path, rows: int) -> None:
    _call(str(ROOT / "scripts/envs.sh"), "ingest", "clean", "bench", "tests")
    python = str(ROOT / ".envs/tests/bin/python")
    _call(python, "-m", "bench.scale.tables", str(rows), str(_table(work, rows)))
    for name in ("peers", "logs", "pipelines"):
        (work / name).mkdir(exist_ok=True)
    pipeline = f'source = "{_table(work, rows).name}"\n'
    (work / "pipelines/flights.toml").write_text(pipeline, encoding="utf-8")


def _cases(work: Path, rows: int) -> list[Case]:
    """Return all cases; clean and its peer read the output of the last run of ingest."""
    table = str(_table(work, rows))
    peers = [("polars", "typed"), ("polars", "ingest"), ("duckdb", "typed"), ("duckdb", "ingest")]
    return [
        Case("ingest", "stagecoach", partial(_run_stage, "ingest", work / "data", work=work)),
        *(
            Case("ingest", _name(engine, how), partial(_run_peer, engine, how, table, work=work))
            for engine, how in peers
        ),
        Case("clean", "stagecoach", partial(_run_stage, "clean", work / "raw-data", work=work)),
        Case("clean", "polars", lambda: _run_peer("polars", "clean", _raw_table(work), work=work)),
    ]


def _name(engine: str, how: str) -> str:
    return f"{engine}, texts" if how == "ingest" else f"{engine}, types"


def _run_stage(stage: str, source: Path, *, work: Path) -> Taken:
    """Run a stage from scratch, including its checks, hashes and fsync."""
    out = work / ("raw-data" if stage == "ingest" else "clean-data")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    folders = ("contract", "contract/type_inference", f"services/{stage}")
    environment = {
        "STAGE_IN": str(source),
        "STAGE_OUT": str(out),
        "STAGE_CONFIG": str(work / "pipelines"),
        "PIPELINE": "flights",
        "PYTHONPATH": ":".join(f"{ROOT}/{folder}/src" for folder in folders),
    }
    command = [str(ROOT / f".envs/{stage}/bin/python"), "-m", stage]
    return measure(command, environment=environment, log=work / f"logs/{stage}.log")


def _run_peer(engine: str, how: str, source: str, *, work: Path) -> Taken:
    target = work / "peers" / how
    shutil.rmtree(target, ignore_errors=True)
    target.unlink(missing_ok=True)
    module = f"bench.scale.peers.{engine}"
    command = [str(ROOT / ".envs/bench/bin/python"), "-m", module, how, source, str(target)]
    log = work / f"logs/{engine}-{how}.log"
    return measure(command, environment={"PYTHONPATH": str(ROOT)}, log=log)


def _check_tables(work: Path) -> None:
    """Exit with an error unless clean and its peer wrote equal tables."""
    ours = _artifact(work / "clean-data") / "table"
    python = str(ROOT / ".envs/tests/bin/python")
    _call(python, "-m", "bench.scale.comparing", str(ours), str(work / "peers/clean"))


def _holds(stage: str, bar: float, taken: dict[Case, list[Taken]]) -> bool:
    """Print whether a stage is fast enough, without more memory than the best engine."""
    ours = next(runs for case, runs in taken.items() if _is(case, stage, ours=True))
    others = {case: runs for case, runs in taken.items() if _is(case, stage, ours=False)}
    best = min(others, key=lambda case: _median(others[case], "seconds"))
    speed = _median(others[best], "seconds") / _median(ours, "seconds")
    memory = _median(ours, "own_mb") / _median(others[best], "own_mb")
    is_held = speed >= bar and memory <= 1
    print(
        f"\n{stage}: {speed:.2f} of the speed of {best.engine} (at least {bar}),"
        f" {memory:.2f} of its memory (at most 1): {'holds' if is_held else 'MISSED'}"
    )
    return is_held


def _is(case: Case, stage: str, *, ours: bool) -> bool:
    return case.stage == stage and (case.engine == "stagecoach") == ours


def _line(case: Case, runs: list[Taken]) -> str:
    facts = [f"{_median(runs, name):.1f}" for name in ("seconds", "cpu_seconds")]
    facts += [f"{_median(runs, name):.0f}" for name in ("own_mb", "resident_mb")]
    return f"| {' | '.join([case.stage, case.engine, *facts])} |"


def _median(runs: list[Taken], name: str) -> float:
    return statistics.median([float(getattr(run, name)) for run in runs])


def _table(work: Path, rows: int) -> Path:
    return work / "data" / f"flights-{rows}.csv"


def _raw_table(work: Path) -> str:
    return str(_artifact(work / "raw-data") / "table")


def _artifact(volume: Path) -> Path:
    return volume / (volume / "LATEST").read_text(encoding="ascii").strip()


def _call(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  # the commands above


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="engines", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=3_000_000, help="distinct rows (3 million)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each case (default 3)")
    default = ROOT / ".local/scale"
    parser.add_argument("--work", type=Path, default=default, help="where all is kept, some 2 GB")
    return parser


if __name__ == "__main__":
    main()
