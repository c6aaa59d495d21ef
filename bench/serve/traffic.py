"""Traffic: what counting all rows by bin costs a prediction.

    PYTHONPATH=contract/src:services/serve/src:services/serve/testing \
        .envs/serve-tests/bin/python -m bench.serve.traffic [PAIRS]

One process answers JSON bodies of 1 and of 100 rows, in pairs of rounds with counting off and on,
and the order alternates. It measures CPU time without any HTTP, so a server loses a smaller share.
"""

# mypy: disable-error-code="import-not-found"

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

from serve_testing.made_models import DIAMONDS, publish_model
from stage_contract import open_latest

from serve.model.models import load_model

_ROUND_SECONDS = 0.5
_PAIRS = 10
_ROW = {"carat": 1.2, "depth": 61.5, "cut": "Good", "color": "Fair"}
_REFERENCE = {
    "columns": [
        {"name": "carat", "bins": {"edges": [0.31, 0.35, 0.42, 0.53, 0.7, 0.9, 1.01, 1.13, 1.51]}},
        {
            "name": "depth",
            "bins": {"edges": [60.0, 60.8, 61.2, 61.6, 61.9, 62.2, 62.5, 63]},
        },
        {"name": "cut", "bins": {"values": ["Ideal", "Good"]}},
        {"name": "color", "bins": {"values": ["Fair", "Good"]}},
    ],
    "predictions": {"bins": {"edges": [500.0, 1000.0, 2000.0, 4000.0]}},
}


def main() -> None:
    """Measure and print Markdown."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else _PAIRS
    print("| rows a request | fall of throughput, median | smallest | largest |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        volume = Path(folder)
        publish_model(volume, DIAMONDS.but(reference=json.dumps(_REFERENCE)))
        artifact = open_latest(volume, "model")
        off, on = (
            load_model(artifact, name="bench", max_rows=1000, is_monitored=is_monitored)
            for is_monitored in (False, True)
        )
        for rows in (1, 100):
            body = json.dumps({"rows": [_ROW] * rows}).encode()
            falls = []
            for pair in range(pairs):
                order = (off, on) if pair % 2 else (on, off)
                rates = {model: _rate(model.predict_json, body) for model in order}
                falls.append(1 - rates[on] / rates[off])
            print(f"| {rows} | {median(falls):.1%} | {min(falls):.1%} | {max(falls):.1%} |")


def _rate(predict: Callable[[bytes], bytes], body: bytes) -> float:
    """Return the requests in a second of CPU time."""
    began, requests = process_time(), 0
    while (seconds := process_time() - began) < _ROUND_SECONDS:
        for _ in range(20):
            predict(body)
        requests += 20
    return requests / seconds


if __name__ == "__main__":
    main()
