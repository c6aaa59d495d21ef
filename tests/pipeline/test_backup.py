"""The commands of docs/backup.md: a pipeline comes back with its history and runs nothing again."""

import re
import subprocess
from pathlib import Path

from conftest import MakePipeline
from support.running import ROOT, Pipeline

BACK_UP, RESTORE = re.findall(
    r"```sh\n(.*?)```", (ROOT / "docs/backup.md").read_text(encoding="utf-8"), re.DOTALL
)
TABLE = "size,price\n" + "".join(f"{n % 50},{n % 50 * 3}\n" for n in range(400))
SETTINGS = """source = "table.csv"
target = "price"
[train]
candidates = ["linear"]
trials = 1
seed = {seed}
"""


def type_commands(commands: str, pipeline: Pipeline, backup: Path) -> str:
    """Run the page's commands for another pipeline and folder; return what they said."""
    commands = commands.replace("stagecoach-diamonds", pipeline.project)
    commands = commands.replace("$PWD/backup", str(backup)).replace("mkdir -p backup", "")
    ran = subprocess.run(
        ["sh", "-euc", commands],
        cwd=ROOT,
        env=pipeline.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def test_a_backup_restores_models_history_and_pins(
    make_pipeline: MakePipeline, tmp_path: Path
) -> None:
    pipeline = make_pipeline()
    pipeline.provide("table.csv", TABLE)
    for seed in (1, 2):
        pipeline.configure(SETTINGS.format(seed=seed))
        ran = pipeline.make("rerun")
        assert ran.returncode == 0, ran.stdout + ran.stderr
    older = pipeline.make("models").stdout.splitlines()[2].split()[0]
    assert pipeline.make("rollback", older).returncode == 0
    before = pipeline.make("models").stdout, pipeline.look("history").stdout
    backup = tmp_path / "backup"
    backup.mkdir()

    type_commands(BACK_UP, pipeline, backup)
    type_commands("docker compose down --volumes", pipeline, backup)
    said = type_commands(RESTORE, pipeline, backup)

    assert "nothing is damaged" in said
    for stage in ("ingest   ", "clean    ", "features "):
        assert f"{stage} unchanged" in said
    assert "train     published before, but the volume is pinned" in said
    assert older in before[0]
    served = pipeline.make("models").stdout
    assert served.replace(", served", "") == before[0]
    # Serve was down before, so its columns were narrower.
    history = pipeline.look("history").stdout.replace(", served", "")
    assert history.split() == before[1].split()
    with pipeline.client() as client:
        assert client.get("/ready").json()["model"] == older
