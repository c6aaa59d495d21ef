"""Whether more trials help on small tables: errors on held-out rows after 12, 100 and 400 trials.

    python3 -m bench.search.trial_counts                                # all tables, three seeds
    python3 -m bench.search.trial_counts --trials 12 100 --tables OJ-Purchase --seeds 0

A search whose result is in the folder is not repeated.
"""
# It prints figures.

import argparse
import json
import os
import random
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from bench.search.small_tables import SMALL_TABLES, SmallTable
from bench.search.tables import ROOT

SOURCES = (".", "contract/src", "contract/modelling/src", "services/train/src")
RESAMPLES = 2_000

Errors = Mapping[str, float]
"""Error on held-out rows by number of trials."""


def main() -> None:
    """Run the searches and print."""
    options = _parser().parse_args()
    work = options.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    _call(str(ROOT / "scripts/envs.sh"), "search", "train")
    tables = [table for table in SMALL_TABLES if table.name in options.tables]
    found: dict[str, list[Errors]] = defaultdict(list)
    for seed in options.seeds:
        for table in tables:
            found[table.name].append(_search(table, seed, options.trials, work))
    text = "\n".join([*_by_table(found, options.trials), "", *_summary(found, options.trials)])
    print(text)
    (work / "figures.md").write_text(text + "\n", encoding="utf-8")


def _search(table: SmallTable, seed: int, trials: Sequence[int], work: Path) -> Errors:
    """Return the errors of one search, which runs unless its result is in the folder."""
    file = work / f"{table.package}.{table.item}.csv"
    if not file.exists():
        _call(_python("search"), "-m", "bench.search.exporting", table.package, table.item, file)
    counts = [str(count) for count in trials]
    result = work / f"{table.name}.{seed}.{'-'.join(counts)}.json"
    if not result.exists():
        module = ("-m", "bench.search.small_search")
        _call(_python("train"), *module, table.name, file, str(seed), result, *counts)
    errors: Errors = json.loads(result.read_bytes())
    return errors


def _python(environment: str) -> Path:
    return ROOT / f".envs/{environment}/bin/python"


def _call(*command: str | Path) -> None:
    """Run a command of this benchmark, on one thread."""
    paths = os.pathsep.join(str(ROOT / folder) for folder in SOURCES)
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603  # its own commands


def _by_table(found: Mapping[str, Sequence[Errors]], trials: Sequence[int]) -> list[str]:
    """Return a Markdown table of mean errors."""
    lines = [f"| table | {' | '.join(map(str, trials))} |", f"| --- |{' --- |' * len(trials)}"]
    for name, runs in found.items():
        cells = [f"{mean(run[str(count)] for run in runs):.4f}" for count in trials]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _summary(found: Mapping[str, Sequence[Errors]], trials: Sequence[int]) -> list[str]:
    """Return the mean relative difference from the fewest trials, with its interval over tables."""
    first, *others = map(str, trials)
    lines = [f"| trials | error against {first} trials | worst search |", "| --- | --- | --- |"]
    for count in others:
        differences = [[run[count] / run[first] - 1 for run in runs] for runs in found.values()]
        means = [mean(values) for values in differences]
        low, high = _interval(means)
        worst = max(map(max, differences))
        lines.append(f"| {count} | {mean(means):+.1%} ({low:+.1%} to {high:+.1%}) | {worst:+.1%} |")
    return lines


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the mean."""
    drawn = random.Random(0)  # noqa: S311  # resamples, no secrets
    means = sorted(mean(drawn.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[RESAMPLES // 40], means[-RESAMPLES // 40]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench.search.trial_counts", description=__doc__.partition("\n")[0]
    )
    names = [table.name for table in SMALL_TABLES]
    parser.add_argument("--tables", nargs="+", default=names, choices=names)
    parser.add_argument("--trials", nargs="+", type=int, default=[12, 100, 400])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--work", type=Path, default=ROOT / ".local/trial-counts")
    return parser


if __name__ == "__main__":
    main()
