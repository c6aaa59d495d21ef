"""GET /metrics: what is counted, and that Prometheus can read it."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from serve.api.metrics import expose
from serve.api.worker_state import WorkerState
from serve.runtime.counters import Counters, total
from serve.runtime.shared_state import SharedState
from serve_testing.made_models import DIAMONDS, PENGUINS, publish_model
from serve_testing.processes import Server, running, until

ROW = {"carat": 1, "cut": "Good"}
JSON = {"content-type": "application/json"}
NEXT = DIAMONDS.but(id="d" * 16)


def metrics(worker: Worker) -> dict[str, float]:
    lines = worker.ask("GET", "/metrics").text.splitlines()
    samples = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name.removeprefix("stagecoach_"): float(value) for name, _, value in samples}


def test_answers_are_counted_by_route_and_status(diamonds: Worker) -> None:
    for _ in range(3):
        diamonds.predict(ROW, ROW)
    diamonds.predict({})
    diamonds.ask("GET", "/live")
    diamonds.ask("GET", "/made/up/1")
    diamonds.ask("GET", "/made/up/2")
    found = metrics(diamonds)

    assert found['requests_total{route="/predict",status="200"}'] == 3
    assert found['requests_total{route="/predict",status="422"}'] == 1
    assert found['requests_total{route="/live",status="200"}'] == 1
    assert found['requests_total{route="other",status="404"}'] == 2
    assert found["rows_total"] == 6
    seconds = 'request_duration_seconds_{}{{route="/predict",status="200"}}'
    assert found[seconds.format("count")] == 3
    assert 0 < found[seconds.format("sum")] < 3
    assert found['request_duration_seconds_bucket{route="/predict",status="200",le="+Inf"}'] == 3


def test_what_a_limit_refuses_is_counted_by_limit(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=1, max_body_bytes=2000)
    worker.predict(ROW, ROW)
    worker.send(b" " * 3000)
    worker.predict({})
    found = metrics(worker)

    assert found['refused_requests_total{limit="rows"}'] == 1
    assert found['refused_requests_total{limit="body"}'] == 1
    assert sum(value for name, value in found.items() if name.startswith("refused_r")) == 2


def test_values_beyond_training_are_counted_by_column_over_all_models(
    diamonds: Worker, tmp_path: Path
) -> None:
    diamonds.predict({"carat": 99, "cut": "Odd"})
    metrics(diamonds)
    diamonds.predict({"carat": 99, "cut": "Good"})
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    diamonds.predict({"carat": 99, "cut": "Good"})
    found = metrics(diamonds)

    assert found['out_of_range_values_total{column="carat"}'] == 3
    assert found['unknown_category_values_total{column="cut"}'] == 1
    assert found["rows_total"] == 3


def test_models_are_told(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    publish_model(tmp_path, PENGUINS)
    (tmp_path / PENGUINS.id / "model.onnx").write_bytes(b"")
    diamonds.poll()
    found = metrics(diamonds)

    assert found[f'model_info{{worker="0",id="{NEXT.id}"}}'] == 1
    assert 0 <= found['model_age_seconds{worker="0"}'] < 30
    assert found['swaps_total{worker="0"}'] == 2
    assert found['model_refused{worker="0"}'] == 1
    assert [name for name in found if name.startswith('refused_models_total{worker="0",cause="')]


def test_without_a_model_there_are_metrics_all_the_same(tmp_path: Path) -> None:
    found = metrics(Worker(tmp_path))

    assert not [name for name in found if name.startswith("model_info")]
    assert found['process_resident_memory_bytes{worker="0"}'] > 1e6
    assert found['process_cpu_seconds_total{worker="0"}'] > 0


def test_workers_are_added_up() -> None:
    workers = [Counters(rows=2), Counters(rows=3)]
    for worker, seconds in zip(workers, (0.001, 7.0), strict=True):
        worker.answered("/predict", 200, seconds)
        worker.refuse("load")
    workers[1].outside_training = {"out_of_range": {"carat": 4}}
    whole = total(workers)

    assert whole.rows == 5
    assert sum(whole.answers["/predict"][200].buckets) == 2
    assert whole.answers["/predict"][200].seconds == 7.001
    assert whole.refused == {"load": 2}
    assert whole.outside_training == {"out_of_range": {"carat": 4}}
    assert [sum(each.answers["/predict"][200].buckets) for each in workers] == [1, 1]


def test_a_worker_that_takes_a_dead_ones_place_counts_on(diamonds: Worker) -> None:
    diamonds.predict(ROW)
    metrics(diamonds)
    successor = WorkerState(diamonds.service.worker_state.shared_state, 0)
    successor.report(diamonds.watcher, diamonds.service.admission, connections=0)
    [found] = successor.all()

    assert found.rows == 2
    assert sum(found.answers["/predict"][200].buckets) == 1
    assert found.swaps == 2


def test_any_column_name_can_be_a_label() -> None:
    name = 'a "quoted"\\name\nof two lines'
    workers = [Counters(outside_training={"out_of_range": {name: 1}})]
    text = expose(workers, settings={}).decode()

    assert r'{column="a \"quoted\"\\name\nof two lines"} 1' in text


def test_each_setting_of_the_start_is_shown_as_json(tmp_path: Path) -> None:
    worker = Worker(tmp_path, max_rows=1, cors_origins=("https://a.example",))

    found = metrics(worker)

    assert found['setting_info{setting="max_rows",value="1"}'] == 1
    assert found['setting_info{setting="api_keys_file",value="null"}'] == 1
    assert found[r'setting_info{setting="cors_origins",value="[\"https://a.example\"]"}'] == 1


def test_a_note_that_is_too_long_for_the_board_leaves_the_one_before() -> None:
    shared_state = SharedState(2)
    shared_state.write(1, b"short")

    with pytest.raises(ValueError, match="does not fit a slot"):
        shared_state.write(1, b"x" * 1_000_000)
    assert (shared_state.read(0), shared_state.read(1)) == (b"", b"short")


@pytest.fixture(scope="session")
def prometheus() -> None:
    """Bring Prometheus where that can be done."""
    if shutil.which("promtool"):
        return
    if os.getuid() or not shutil.which("apt-get"):
        assert os.environ.get("CI") != "true", "CI needs Prometheus"
        pytest.skip("Prometheus is not installed, and only root on Debian can do that here")
    subprocess.run(["apt-get", "-qq", "update"], check=True)
    install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "prometheus"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(install, check=True, env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def busy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return two workers that have answered and refused."""
    folder = tmp_path_factory.mktemp("metrics")
    publish_model(folder / "volume", DIAMONDS)
    with running(folder, "workers = 2\nmax_rows = 2") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        for rows in ([ROW], [ROW, {"carat": 99, "cut": "Odd"}], [ROW] * 3, [{}]):
            for _ in range(5):
                server.ask("POST", "/predict", json.dumps({"rows": rows}), **JSON)
        time.sleep(1.5)  # Each worker reports once a second.
        yield server


@contextmanager
def running_prometheus(folder: Path, *, target: int) -> Iterator[int]:
    """Run Prometheus on a free port; it asks the target each second."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    job = {"job_name": "serve", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
    settings = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
    (folder / "prometheus.json").write_text(json.dumps(settings))  # JSON is YAML.
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.json",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


def test_all_workers_answer_for_all(busy_server: Server) -> None:
    text = busy_server.ask("GET", "/metrics")[2]

    assert 'requests_total{route="/predict",status="200"} 10' in text
    assert "stagecoach_rows_total 15" in text
    assert 'worker="1"' in text


@pytest.mark.usefixtures("prometheus")
def test_promtool_has_nothing_to_say(busy_server: Server) -> None:
    status, headers, text = busy_server.ask("GET", "/metrics")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.usefixtures("prometheus")
def test_a_real_prometheus_scrapes_it(busy_server: Server, tmp_path: Path) -> None:
    with running_prometheus(tmp_path, target=busy_server.port) as port:

        def asked(query: str) -> Any:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", f"/api/v1/query?query={query}")
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            if answer.status != 200:  # It is still starting.
                return None
            found = json.loads(text)["data"]["result"]
            return float(found[0]["value"][1]) if found else None

        until(lambda: asked("up") == 1)
        rows = asked("stagecoach_rows_total")
        half = asked("histogram_quantile(0.5,stagecoach_request_duration_seconds_bucket)")

    assert rows == 15
    assert 0 < half < 1
