"""Every batch image keeps the contract: checked from outside, on the examples, in its container."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from jsonschema import Draft202012Validator
from pyarrow import parquet
from running import BATCH, KINDS, ROOT, readable_folder
from stage_contract import Artifact, open_latest

EXAMPLES = ROOT / "contract/examples"
SCHEMAS = ROOT / "contract/schemas"
UID = 10001
READS = dict(zip(BATCH, (None, *KINDS), strict=False))
WRITES = dict(zip(BATCH, KINDS, strict=True))
DOCUMENTS = {
    "clean-data": {"schema.json": "schema"},
    "feature-data": {"schema.json": "schema", "features.json": "features"},
    "model": {"model.json": "model"},
}


@dataclass(frozen=True)
class Result:
    """How a stage's container ended, and what it left on its output."""

    exit_code: int
    log: str
    out: Path

    @property
    def published(self) -> list[str]:
        return sorted(
            path.name for path in self.out.iterdir() if re.fullmatch("[0-9a-f]{16}", path.name)
        )


@dataclass(frozen=True)
class Bench:
    """Runs one stage's image hardened as compose.yaml does, on folders of its own."""

    engine: docker.DockerClient
    stage: str
    image: str
    folder: Path
    hostname: str = "bench"
    _containers: list[Container] = field(default_factory=list)

    @property
    def source(self) -> Path:
        return self.folder / "in"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def prepare(self) -> None:
        kind = READS[self.stage]
        shutil.copytree(EXAMPLES / kind if kind else EXAMPLES, self.source, dirs_exist_ok=True)
        self.out.mkdir(exist_ok=True)
        shutil.chown(self.out, UID, UID)
        self.configure((EXAMPLES / "houses.toml").read_text(encoding="utf-8"))

    def configure(self, text: str) -> None:
        path = self.folder / "config/houses.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str, out_mode: str = "rw") -> Result:
        container = self.engine.containers.run(
            self.image,
            list(arguments),
            detach=True,
            hostname=self.hostname,
            user=f"{UID}:{UID}",
            read_only=True,
            network_mode="none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            tmpfs={"/tmp": "size=64m,mode=1777"},  # noqa: S108  # the container's
            init=True,
            environment={"PIPELINE": "houses"},
            volumes={
                str(self.source): {"bind": "/data/in", "mode": "ro"},
                str(self.out): {"bind": "/data/out", "mode": out_mode},
                str(self.folder / "config"): {"bind": "/config", "mode": "ro"},
            },
        )
        try:
            code = container.wait(timeout=120)["StatusCode"]
            log = container.logs().decode()
        finally:
            container.remove(force=True)
        return Result(code, log, self.out)

    def latest(self) -> Artifact:
        artifact = open_latest(self.out, WRITES[self.stage])
        artifact.verify()
        return artifact


READERS = pytest.mark.parametrize("bench", BATCH[1:], indirect=True)
"""For what only stages do that read an artifact: ingest reads files that have no manifest."""


@pytest.fixture(params=BATCH)
def bench(
    request: pytest.FixtureRequest, engine: docker.DockerClient, images: dict[str, str]
) -> Iterator[Bench]:
    with readable_folder() as folder:
        bench = Bench(engine, request.param, images[request.param], folder)
        bench.prepare()
        yield bench


def check_schema(document: Any, schema: str) -> None:
    definition = json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(definition).validate(document)


@pytest.mark.parametrize("volume", [*KINDS, "penguins/feature-data", "penguins/model"])
def test_the_examples_keep_the_contract(volume: str) -> None:
    kind = Path(volume).name
    artifact = open_latest(EXAMPLES / volume, kind)
    artifact.verify()

    check_schema(artifact.manifest, "manifest")
    for name, schema in DOCUMENTS.get(kind, {}).items():
        check_schema(json.loads(artifact.file(name).read_bytes()), schema)


def test_an_image_publishes_what_the_schemas_say(bench: Bench) -> None:
    result = bench.run()

    assert result.exit_code == 0, result.log
    artifact = bench.latest()
    check_schema(artifact.manifest, "manifest")
    for name, schema in DOCUMENTS.get(artifact.kind, {}).items():
        check_schema(json.loads(artifact.file(name).read_bytes()), schema)


def test_tables_hold_plain_types_that_any_reader_knows(bench: Bench) -> None:
    bench.run()

    for path in bench.latest().path.rglob("*.parquet"):
        file = parquet.ParquetFile(path)
        assert "dictionary" not in str(file.schema_arrow)
        codecs = {
            file.metadata.row_group(group).column(column).compression
            for group in range(file.metadata.num_row_groups)
            for column in range(file.metadata.num_columns)
        }
        assert codecs <= {"SNAPPY", "ZSTD", "UNCOMPRESSED"}


def test_equal_cause_gives_equal_bytes_on_another_host(bench: Bench) -> None:
    assert bench.run().exit_code == 0
    first = bench.latest()
    with readable_folder() as folder:
        other = Bench(bench.engine, bench.stage, bench.image, folder, hostname="elsewhere")
        other.prepare()
        assert other.run().exit_code == 0
        second = other.latest()

        assert (first.path / "manifest.json").read_bytes() == (
            second.path / "manifest.json"
        ).read_bytes()


def test_a_forced_run_gives_the_same_bytes_again(bench: Bench) -> None:
    bench.run()

    forced = bench.run("--force")

    assert forced.exit_code == 0, forced.log
    assert len(forced.published) == 1


def test_a_second_run_says_unchanged_and_rewrites_nothing(bench: Bench) -> None:
    bench.run()
    before = {path: path.stat().st_ino for path in bench.out.rglob("*")}

    second = bench.run()

    assert second.exit_code == 0
    assert "unchanged" in second.log
    assert {path: path.stat().st_ino for path in bench.out.rglob("*")} == before


@READERS
def test_a_tampered_input_is_refused_with_65(bench: Bench) -> None:
    victim = max(bench.source.rglob("*.parquet"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)

    result = bench.run()

    assert result.exit_code == 65, result.log
    assert victim.name in result.log
    assert result.published == []


@READERS
def test_an_empty_input_volume_is_refused_with_the_stage_to_run_first(bench: Bench) -> None:
    (bench.source / "LATEST").unlink()

    result = bench.run()

    assert result.exit_code == 65
    assert "nothing" in result.log or "no LATEST" in result.log


@READERS
def test_another_kind_is_refused_with_65(bench: Bench) -> None:
    other = "raw-data" if READS[bench.stage] != "raw-data" else "model"
    shutil.rmtree(bench.source)
    shutil.copytree(EXAMPLES / other, bench.source)

    result = bench.run()

    assert result.exit_code == 65
    assert f"holds {other}, expected {READS[bench.stage]}" in result.log


@READERS
def test_another_major_version_is_refused_with_the_image_to_update(bench: Bench) -> None:
    (manifest,) = bench.source.glob("*/manifest.json")
    manifest.write_text(
        manifest.read_text("utf-8").replace('"contract": "1.0"', '"contract": "2.0"')
    )

    result = bench.run()

    assert result.exit_code == 65
    assert "written for contract 2.0, this image reads 1.0" in result.log


def test_an_unknown_setting_is_refused_with_78(bench: Bench) -> None:
    bench.configure(f'source = "houses.csv"\ntarget = "price"\n[{bench.stage}]\ncolour = 1\n')

    result = bench.run()

    assert result.exit_code == 78, result.log
    assert f"[{bench.stage}] colour is not a setting" in result.log
    assert result.published == []
    assert json.loads((bench.out / "FAILED.json").read_bytes())["exit_code"] == 78


def test_an_output_that_cannot_be_written_gives_73(bench: Bench) -> None:
    result = bench.run(out_mode="ro")

    assert result.exit_code == 73, result.log


def test_an_image_runs_as_a_plain_user_even_without_compose(bench: Bench) -> None:
    config = bench.engine.images.get(bench.image).attrs["Config"]

    assert config["User"] == f"{UID}:{UID}"


def test_an_image_owns_its_mount_points(bench: Bench) -> None:
    owners = bench.engine.containers.run(
        bench.image,
        ["-c", "import os; print([os.stat(p).st_uid for p in ('/data/in', '/data/out')])"],
        entrypoint="python",
        network_mode="none",
        remove=True,
    )

    assert owners.decode().strip() == f"[{UID}, {UID}]"


def test_no_package_tool_is_left_in_an_image(bench: Bench) -> None:
    look = "import shutil, glob; print(shutil.which('uv'), glob.glob('/venv/bin/pip*'))"

    found = bench.engine.containers.run(
        bench.image,
        ["-c", look],
        entrypoint="python",
        network_mode="none",
        remove=True,
    )

    assert found.decode().strip() == "None []"


def test_help_says_what_a_stage_does(bench: Bench) -> None:
    result = bench.run("--help")

    assert result.exit_code == 0
    assert f"writes {WRITES[bench.stage]}" in result.log


LIMITS_MB = {
    "ingest": 450,
    "clean": 450,
    "features": 650,
    "train": 750,
    "serve": 300,
    "batch": 400,
}


@pytest.mark.parametrize("stage", LIMITS_MB)
def test_an_image_stays_within_its_size(
    stage: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    assert engine.images.get(images[stage]).attrs["Size"] / 1e6 <= LIMITS_MB[stage]
