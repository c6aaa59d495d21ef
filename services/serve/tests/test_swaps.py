"""Swaps nobody notices: under load, with artifacts in between that must never be served."""

import re
from pathlib import Path

from serve_testing.processes import Server, running, until
from serve_testing.swapping import BAD, SETTINGS, asking, make_offers, swap

SWAPS = 100
GOOD = 7


def resident_megabytes(server: Server) -> float:
    _status, _headers, metrics = server.ask("GET", "/metrics")
    (sizes,) = re.findall(r"^process_resident_memory_bytes\S* (\S+)", metrics, re.MULTILINE)
    return float(sizes) / 1e6


def test_a_hundred_swaps_fail_no_request_and_serve_nothing_bad(tmp_path: Path) -> None:
    offers = make_offers(tmp_path / "volume", good=GOOD)
    offers.point_to(next(iter(offers.good)))
    with running(tmp_path, f"{SETTINGS}workers = 1\n") as server:
        server.wait_for("live: model")
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        with asking(server, offers, clients=3) as answers:
            refused = swap(server, offers, swaps=GOOD, bad_every=SWAPS // len(BAD))
            before = resident_megabytes(server)
            refused += swap(server, offers, swaps=SWAPS, bad_every=SWAPS // len(BAD))
        _status, _headers, metrics = server.ask("GET", "/metrics")
        after = resident_megabytes(server)

    assert answers.failed == []
    assert answers.mixed == []
    assert set(answers.models) == set(offers.good)
    assert answers.right > SWAPS
    assert refused >= len(BAD)
    for cause, count in (("latency", 1), ("signature", 1), ("examples", 1), ("artifact", 6)):
        assert f'cause="{cause}"}} {count}' in metrics
    # The slow one has tens of megabytes while it is tried.
    assert after < before + 15
