"""swaps/clean-go: a clean stage without Python makes what the default makes."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import docker
import httpx
import pyarrow as pa
import pytest
from conftest import MakePipeline
from pyarrow import parquet
from stage_contract import Artifact, open_latest
from stage_contract.artifacts.publishing import open_draft, publish
from support.running import BASE_IMAGE, ROOT, readable_folder, swap_override

SWAP = ROOT / "swaps/clean-go"
EXAMPLES = ROOT / "contract/examples"
UID = 10001

type RunClean = Callable[[Path, str], Artifact]


@pytest.fixture
def image(swap_images: dict[str, str]) -> str:
    return swap_images["clean-go"]


@pytest.fixture
def run_clean(engine: docker.DockerClient, image: str) -> Iterator[RunClean]:
    """Run the image on a raw-data volume with these settings; return what it published."""
    with readable_folder() as folder:

        def run(source: Path, settings: str) -> Artifact:
            out = folder / "out"
            out.mkdir()
            shutil.chown(out, UID, UID)
            (folder / "config").mkdir()
            (folder / "config/houses.toml").write_text(settings, encoding="utf-8")
            engine.containers.run(
                image,
                remove=True,
                read_only=True,
                network_mode="none",
                cap_drop=["ALL"],
                environment={"PIPELINE": "houses"},
                volumes={
                    str(source): {"bind": "/data/in", "mode": "ro"},
                    str(out): {"bind": "/data/out", "mode": "rw"},
                    str(folder / "config"): {"bind": "/config", "mode": "ro"},
                },
            )
            return open_latest(out, "clean-data")

        yield run


def test_its_own_tests_hold() -> None:
    command = [
        *("docker", "build", "--quiet", "--target", "test"),
        *("--build-arg", f"PYTHON_IMAGE={BASE_IMAGE}"),
        *("--build-context", f"contract={ROOT / 'contract'}"),
        str(SWAP),
    ]

    tests = subprocess.run(command, capture_output=True, text=True, check=False)

    assert tests.returncode == 0, tests.stderr


def test_the_image_holds_one_program_and_its_settings_schema(
    engine: docker.DockerClient, image: str
) -> None:
    container = engine.containers.create(image)
    try:
        with tempfile.TemporaryFile() as file:
            for chunk in container.export():
                file.write(chunk)
            file.seek(0)
            with tarfile.open(fileobj=file) as archive:
                # Docker itself puts empty files where it mounts its own.
                files = [member.name for member in archive if member.isfile() and member.size]
    finally:
        container.remove()

    assert sorted(files) == ["clean", "settings.schema.json"]


def test_it_makes_of_the_example_what_the_default_makes(run_clean: RunClean) -> None:
    expected = open_latest(EXAMPLES / "clean-data", "clean-data")

    made = run_clean(EXAMPLES / "raw-data", (EXAMPLES / "houses.toml").read_text("utf-8"))

    assert table_of(made).equals(table_of(expected))
    schema = document_of(expected, "schema.json")
    # The example is older than the default token for NULL of MySQL.
    schema["missingValues"].append(r"\N")
    assert document_of(made, "schema.json") == schema
    # The default's profile also says what each rule did.
    profiles = [document_of(artifact, "profile.json") for artifact in (made, expected)]
    assert profiles[0]["columns"] == profiles[1]["columns"]
    rejects = "rejects/part-00000.jsonl"
    assert made.file(rejects).read_bytes() == expected.file(rejects).read_bytes()


def test_a_typed_source_keeps_its_types_whatever_their_width_and_unit(
    run_clean: RunClean, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    columns = {
        "small": pa.array([-1, None, 3], pa.int8()),
        "unsigned": pa.array([4_000_000_000, 0, None], pa.uint32()),
        "large": pa.array([2**53, 2**64 - 1, None], pa.uint64()),
        "single": pa.array([0.5, float("nan"), 1e30], pa.float32()),
        "exact": pa.array(
            [Decimal("562299053.246"), None, Decimal("-0.001")], pa.decimal128(38, 3)
        ),
        "day": pa.array([date(1, 1, 1), None, date(9999, 12, 31)]),
        "moment": pa.array([-1, 1_356_998_400_123_456_789, None], pa.timestamp("ns", tz="UTC")),
        "wall": pa.array(
            [datetime(2023, 7, 15, 12), None, datetime(1900, 1, 1)], pa.timestamp("ms")
        ),
        "truth": pa.array([True, None, False]),
        "text": pa.array([" a ", "NA", "b"]),
    }
    publish_raw(tmp_path, pa.table(columns))

    made = run_clean(tmp_path, 'source = "x"\ntarget = "x"\n[clean]\ntimezone = "Europe/Berlin"\n')

    assert table_of(made).to_pydict() == {
        "small": [-1, None, 3],
        "unsigned": [4_000_000_000, 0, None],
        "large": ["9007199254740992", "18446744073709551615", None],
        "single": [0.5, None, pa.scalar(1e30, pa.float32()).as_py()],
        "exact": [562299053.246, None, -0.001],
        "day": [date(1, 1, 1), None, date(9999, 12, 31)],
        "moment": [
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2013, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC),
            None,
        ],
        "wall": [
            datetime(2023, 7, 15, 10, tzinfo=UTC),
            None,
            datetime(1899, 12, 31, 23, tzinfo=UTC),
        ],
        "truth": [True, None, False],
        "text": ["a", None, "b"],
    }


def test_a_pipeline_with_it_answers_and_knows_what_is_not_due(
    make_pipeline: MakePipeline,
    image: str,  # noqa: ARG001  # built, so that only the start is waited for
) -> None:
    pipeline = make_pipeline(compose_files=(swap_override("clean-go"),))
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure('source = "penguins.csv"\ntarget = "species"\n[train]\ntrials = 2\n')

    up = pipeline.make("up")

    assert up.returncode == 0, up.stdout + up.stderr
    with pipeline.client() as client:
        assert_answers(client)
    again = pipeline.make("rerun")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "clean     unchanged" in again.stdout


def assert_answers(client: httpx.Client) -> None:
    penguin = {"bill_length_mm": 48.4, "flipper_length_mm": 203, "body_mass_g": 4625, "year": 2009}
    rest = {"island": " Biscoe ", "bill_depth_mm": None, "sex": "NA"}

    answer = client.post("/predict", json={"rows": [penguin | rest]})

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["species"] in {"Adelie", "Chinstrap", "Gentoo"}


def table_of(artifact: Artifact) -> pa.Table:
    return pa.concat_tables(parquet.read_table(path) for path in artifact.files("table"))


def document_of(artifact: Artifact, name: str) -> Any:
    # A mean may differ in its last digit: by the order of the sum.
    return json.loads(
        artifact.file(name).read_bytes(), parse_float=lambda text: f"{float(text):.12g}"
    )


def publish_raw(volume: Path, table: pa.Table) -> None:
    """Publish a table as ingest would, with the lineage of the example."""
    example = open_latest(EXAMPLES / "raw-data", "raw-data").manifest
    with open_draft(volume) as draft:
        parquet.write_table(table, draft.folder("table") / "part-00000.parquet")
        draft.rows = table.num_rows
        kept = ("contract", "kind", "id", "stage", "settings", "inputs", "lineage")
        facts = {key: example[key] for key in kept} | {"rows": draft.rows, "metrics": {}}
        publish(draft, volume, facts, run={})
