"""Always on, measured: what an idle stage takes, and how soon a dropped file answers.

    scripts/envs.sh tests && PYTHONPATH=contract/src:tests .envs/tests/bin/python bench/watch.py

It builds the images and starts a penguins pipeline of its own, which it removes at the end.
"""

import argparse
import shutil
import statistics
import sys
import time

import docker
import httpx
from docker.models.containers import Container
from support.polling import failed, models, polling
from support.running import BATCH, ROOT, Pipeline, readable_folder

MAX_SECONDS = 180
"""Maximum wait for a model, including the first; the gate may refuse one, and then none follows."""

TICKS_A_SECOND = 100
"""Clock ticks per second in /proc."""

RESIDENT = "read -r pid _ </proc/1/task/1/children; cat /proc/$pid/status /proc/$pid/stat"


def main() -> None:
    """Run and print; exits with 1 if a request failed."""
    options = _parser().parse_args()
    with readable_folder() as folder:
        overlay = (ROOT / "deploy/watch.yaml",)
        pipeline = Pipeline(docker.from_env(), folder, "penguins", compose_files=overlay)
        shutil.copytree(ROOT / "pipelines", folder / "pipelines")
        pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
        try:
            for command in (("build", "--quiet"), ("up", "--detach")):
                result = pipeline.compose(*command)
                if result.returncode:
                    sys.exit(result.stderr)
            _wait_for_new_model(pipeline, {None})
            _measure_idling(pipeline, seconds=options.idle_seconds)
            sys.exit(not _measure_drops(pipeline, drops=options.drops))
        finally:
            pipeline.remove()


def _measure_idling(pipeline: Pipeline, *, seconds: int) -> None:
    containers = {
        stage: pipeline.engine.containers.get(pipeline.container_id(stage)) for stage in BATCH
    }
    before = {stage: _resident(container) for stage, container in containers.items()}
    time.sleep(seconds)
    print(f"{'stage':<10}{'resident MB':>12}{'CPU while idle':>16}")
    for stage, container in containers.items():
        memory, processor = _resident(container)
        share = (processor - before[stage][1]) / seconds
        print(f"{stage:<10}{memory / 1e6:>12.1f}{share:>16.2%}")


def _resident(container: Container) -> tuple[int, float]:
    """Return the memory in bytes and the CPU time in seconds of the resident process."""
    output = container.exec_run(["sh", "-c", RESIDENT]).output.decode()
    status, _, stat = output.rstrip().rpartition("\n")
    facts = dict(line.split(":", 1) for line in status.splitlines())
    user, system = stat.rpartition(")")[2].split()[11:13]
    return int(facts["VmRSS"].split()[0]) * 1024, (int(user) + int(system)) / TICKS_A_SECOND


def _measure_drops(pipeline: Pipeline, *, drops: int) -> bool:
    source = pipeline.folder / "data/penguins.csv"
    header, *rows = source.read_text(encoding="utf-8").splitlines(keepends=True)
    seconds = []
    seen = {None, _live(pipeline)}
    with polling(pipeline) as answers:
        for number in range(drops):
            table = header + "".join(rows[:number] + rows[number + 1 :])
            began = time.monotonic()
            source.write_text(table, encoding="utf-8")
            _wait_for_new_model(pipeline, seen)
            seconds.append(time.monotonic() - began)
    shown = ", ".join(f"{each:.1f}" for each in seconds)
    print(f"seconds from drop to new model: median {statistics.median(seconds):.1f} ({shown})")
    print(
        f"{len(answers):,} requests to {len(models(answers))} models, {len(failed(answers))} failed"
    )
    return not failed(answers)


def _wait_for_new_model(pipeline: Pipeline, seen: set[str | None]) -> None:
    """Wait for a model that has not been live before: workers may still answer with the last."""
    deadline = time.monotonic() + MAX_SECONDS
    while (live := _live(pipeline)) in seen:
        if time.monotonic() > deadline:
            sys.exit(pipeline.compose("logs", "--tail", "3").stdout + "no new model went live")
        time.sleep(0.02)
    seen.add(live)


def _live(pipeline: Pipeline) -> str | None:
    with pipeline.client() as client:
        try:
            answer = client.get("/ready")
        except httpx.HTTPError:
            return None
    return answer.json()["model"] if answer.is_success else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--drops", type=int, default=5)
    parser.add_argument("--idle-seconds", type=int, default=60)
    return parser


if __name__ == "__main__":
    main()
