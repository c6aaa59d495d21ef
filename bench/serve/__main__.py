"""Measures the servers in turn, round after round, and prints the report."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.serve.asking import Material
from bench.serve.machine import describe_machine
from bench.serve.measuring import Bench
from bench.serve.report import report
from bench.serve.servers import Server, roster, write_own_settings


def main() -> None:
    """Measure and report, or only report the last run."""
    arguments = _parser().parse_args()
    work = arguments.work.resolve()
    results = work / "results.jsonl"
    if not arguments.report:
        write_own_settings(work)
        _run(_chosen(roster(work), arguments.only), arguments, work=work, results=results)
    print(report(_last_run(results)))


def _parser() -> argparse.ArgumentParser:
    """Return the argument parser; the help of run.sh describes the arguments."""
    parser = argparse.ArgumentParser(prog="bench/serve/run.sh", add_help=False)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--report", action="store_true")
    return parser


def _chosen(servers: list[Server], only: str) -> list[Server]:
    if not only:
        return servers
    chosen = [each for each in servers if each.name.startswith(tuple(only.split(",")))]
    if not chosen:
        names = "\n  ".join(each.name for each in servers)
        raise SystemExit(f"--only {only}: no such server; there are\n  {names}")
    return chosen


def _run(
    servers: list[Server], arguments: argparse.Namespace, *, work: Path, results: Path
) -> None:
    rounds, seconds = (1, 1) if arguments.quick else (arguments.rounds, arguments.seconds)
    bench = Bench(Material.read(work / "model"), work, seconds)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"run": started, "rounds": rounds, "seconds": seconds, **describe_machine()}
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(about) + "\n")
        for number in range(1, rounds + 1):
            for server in servers:
                record = bench.measure(server)
                file.write(json.dumps({"round": number, **record}) + "\n")
                file.flush()
                _show(number, record)


def _show(number: int, record: dict[str, Any]) -> None:
    cases = record.get("cases", {})
    figures = ", ".join(f"{case['requests_per_second']:,.0f}/s" for case in cases.values())
    what = record.get("error") or figures
    print(f"round {number}  {record['server']:26}{what}", flush=True)


def _last_run(results: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    start = max(place for place, record in enumerate(records) if "run" in record)
    return records[start:]


if __name__ == "__main__":
    main()
