"""A thousand swaps under constant load, with bad artifacts offered in between.

    scripts/envs.sh serve-tests
    PYTHONPATH=contract/src:services/serve/testing .envs/serve-tests/bin/python bench/swaps.py

It starts a server of its own on this machine. The bounded form of it is a test of serve.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from serve_testing.processes import Server, running, until
from serve_testing.swapping import SETTINGS, Answers, asking, make_offers, swap

GOOD = 25


def main() -> None:
    """Run and print; ends with 1 if a request failed or a bad model was served."""
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        offers = make_offers(folder / "volume", good=GOOD)
        offers.point_to(next(iter(offers.good)))
        settings = f"{SETTINGS}workers = {options.workers}\n"
        with running(folder, settings) as server:
            for _ in range(options.workers):
                server.wait_for("live: model")
            until(lambda: server.ask("GET", "/ready")[0] == 200)
            with asking(server, offers, clients=options.clients) as answers:
                swap(server, offers, swaps=GOOD, workers=options.workers, bad_every=5)
                before, began = _megabytes(server), time.perf_counter()
                refused = swap(
                    server, offers, swaps=options.swaps, workers=options.workers, bad_every=5
                )
                seconds = time.perf_counter() - began
            after = _megabytes(server)
    print(f"{options.swaps:,} swaps in {seconds:.0f} s, {refused} bad artifacts in between")
    _report(answers)
    print(f"memory of a worker, MB: {before} before, {after} after")
    served = set(answers.models) - set(offers.good)
    print(f"bad models served: {len(served)}")
    sys.exit(bool(answers.failed or answers.mixed or served))


def _report(answers: Answers) -> None:
    print(f"{answers.right:,} right answers by {len(answers.models)} models")
    print(f"{len(answers.failed)} failed {answers.failed[:3] or ''}")
    print(f"{len(answers.mixed)} not of the model that they name {answers.mixed[:3] or ''}")
    milliseconds = sorted(seconds * 1000 for seconds in answers.seconds)
    cuts = statistics.quantiles(milliseconds, n=1000)
    print(f"ms: p50 {cuts[499]:.2f}, p99 {cuts[989]:.2f}, p99.9 {cuts[998]:.2f}", end=", ")
    print(f"most {milliseconds[-1]:.1f}")


def _megabytes(server: Server) -> list[int]:
    _status, _headers, metrics = server.ask("GET", "/metrics")
    found = re.findall(r"^process_resident_memory_bytes\S* (\S+)", metrics, re.MULTILINE)
    return [round(float(each) / 1e6) for each in found]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--swaps", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4)
    return parser


if __name__ == "__main__":
    main()
