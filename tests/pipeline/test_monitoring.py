"""What serve records with deploy/monitor.yaml, and what make monitor says of it."""

import re

from conftest import MakePipeline
from support.running import ROOT, TAG

TABLE = "size,price\n" + "".join(f"{n % 50},{n % 50 * 3}\n" for n in range(400))
SETTINGS = """source = "table.csv"
target = "price"
[train]
candidates = ["linear"]
trials = 1
"""


def test_make_monitor_reads_what_serve_recorded(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(compose_files=(ROOT / "deploy/monitor.yaml",))
    pipeline.provide("table.csv", TABLE)
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    with pipeline.client() as client:
        rows = [{"size": n % 50} for n in range(300)]
        assert client.post("/predict", json={"rows": rows}).status_code == 200
    pipeline.compose("stop", "serve")

    try:
        monitor = pipeline.make("monitor")
    finally:
        pipeline.engine.images.remove(f"stagecoach/monitor:{TAG}", force=True, noprune=True)

    assert monitor.returncode == 0, monitor.stdout + monitor.stderr
    assert monitor.stdout.splitlines()[-1] == "active alerts: 0"
    recorded = re.findall(r"(\d+) rows so far", monitor.stdout)
    assert sum(int(count) for count in recorded) >= 300
