"""`make init`: from an unknown table to its predictions, without touching code."""

import gzip
import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import SOURCES, MakePipeline
from pyarrow import parquet
from support.local_stages import LocalPipeline
from support.running import BATCH, ROOT, Pipeline, free_port, last_line
from support.unknown_tables import customers, of_two_readings, tumours, typed_by_hand, wine

MESSY = "Kunden 2024.csv"
STARTED = "listening"


def example_of(client: httpx.Client) -> dict[str, Any]:
    """Return the request that the API itself shows as one that works."""
    paths = client.get("/openapi.json").raise_for_status().json()["paths"]
    content = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    request: dict[str, Any] = content["examples"]["real"]["value"]
    return request


def test_a_table_of_a_database_becomes_a_pipeline(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(name="orders")
    pipeline.provide("shop.db", "")
    (pipeline.folder / "pipelines").mkdir(exist_ok=True)
    with closing(sqlite3.connect(pipeline.folder / "data/shop.db", autocommit=True)) as database:
        database.executescript("create table orders (size real, price real); create table b (a)")
        rows = [(row % 17 + row / 100, 3 * (row % 17) + row * 7 % 5) for row in range(200)]
        database.executemany("insert into orders values (?, ?)", rows)
    source = "sqlite:///data/shop.db"

    listed = pipeline.init(SOURCE=source)
    both = pipeline.init(SOURCE=source, FILE="data/shop.db", TABLE="orders")
    made = pipeline.init(SOURCE=source, TABLE="orders", TARGET="price")

    assert "has 2 tables: b (a), orders (size, price); name one with" in listed.stderr
    assert "name two tables; leave one of them out" in both.stderr
    assert made.returncode == 0, made.stderr
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    with pipeline.client() as client:
        assert client.post("/predict", json={"rows": [{"size": 3.5}]}).status_code == 200


@pytest.fixture(scope="module")
def environments() -> None:
    """Make the stages' Python environments, where they are missing."""
    names = [f"{stage}-tests" for stage in (*BATCH, "serve")]
    subprocess.run([ROOT / "scripts/envs.sh", *names], check=True)


@pytest.fixture
def local(tmp_path: Path, environments: None) -> LocalPipeline:  # noqa: ARG001  # made before a stage runs
    """A pipeline of plain processes, without a table yet."""
    pipeline = LocalPipeline(tmp_path)
    for folder in (pipeline.source.parent, pipeline.settings.parent, *map(pipeline.volume, BATCH)):
        folder.mkdir(parents=True)
    pipeline.packages.write_text("", encoding="utf-8")
    return pipeline


@pytest.fixture(scope="module")
def known_customers(session_pipelines: MakePipeline) -> tuple[Pipeline, str]:
    """A pipeline of the messy table with the file that was written for it, up."""
    pipeline = session_pipelines(name="kunden-2024")
    pipeline.provide(MESSY, customers())
    (pipeline.folder / "pipelines").mkdir()
    init = pipeline.init(FILE=f"data/{MESSY}")
    assert init.returncode == 0, init.stdout + init.stderr
    assert init.stdout.splitlines()[-1] == pipeline.hint(
        "up", PIPELINE="kunden-2024", PORT=str(pipeline.port)
    )
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline, (pipeline.folder / "pipelines/kunden-2024.toml").read_text("utf-8")


def test_a_messy_table_answers_without_a_line_written_by_hand(
    known_customers: tuple[Pipeline, str],
) -> None:
    pipeline, _ = known_customers
    with pipeline.client() as client:
        request = example_of(client)
        answer = client.post("/predict", json=request).raise_for_status().json()

    (prediction,) = answer["predictions"]
    assert prediction["churned"] in {"yes", "no"}
    assert set(request["rows"][0]) == {
        *("ordered at", "Größe (cm)", "spent_eur", "plan.type", "rating", 'said "so"')
    }


def test_no_row_of_the_messy_table_was_lost_to_a_wrong_guess(
    known_customers: tuple[Pipeline, str],
) -> None:
    pipeline, text = known_customers
    clean, features = pipeline.latest("clean-data"), pipeline.latest("feature-data")

    assert (clean.rows, clean.manifest["metrics"]["rejected"]) == (1200, 0)
    assert features.manifest["metrics"]["rejected"] == 0
    assert tomllib.loads(text)["features"]["split"] == "time"
    assert "@example.org" not in text


def test_compose_prints_the_same_file(known_customers: tuple[Pipeline, str]) -> None:
    pipeline, text = known_customers

    printed = pipeline.compose(
        *("run", "--rm", "--no-deps", "--no-TTY", "ingest", "init", f"/data/in/{MESSY}")
    )

    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == text


def test_a_pipeline_file_that_is_there_is_left_alone(
    known_customers: tuple[Pipeline, str],
) -> None:
    pipeline, text = known_customers

    again = pipeline.init(FILE=f"data/{MESSY}", TARGET="rating")

    assert again.returncode != 0
    assert "kunden-2024.toml: is there already; remove it first, or type NAME=" in again.stderr
    assert (pipeline.folder / "pipelines/kunden-2024.toml").read_text("utf-8") == text
    assert [path.name for path in (pipeline.folder / "pipelines").iterdir()] == ["kunden-2024.toml"]


def test_a_failed_init_leaves_no_file(known_customers: tuple[Pipeline, str]) -> None:
    pipeline, _ = known_customers

    failed = run_script(pipeline, FILE=MESSY, NAME="other", TARGET="churn")

    assert failed.returncode == 78
    assert "target = 'churn': no such column; did you mean churned?" in last_line(failed)
    assert [path.name for path in (pipeline.folder / "pipelines").iterdir()] == ["kunden-2024.toml"]


@pytest.mark.parametrize(
    ("variables", "code", "line"),
    [
        ({"FILE": "/elsewhere/t.csv"}, 78, "expected a file below "),
        ({"FILE": "größe.csv", "NAME": "Größe"}, 78, "NAME=Größe: use lower-case letters"),
        ({"FILE": "sales/*.csv"}, 78, "NAME=: use lower-case letters"),
        ({}, 78, "Exit status: 0; 65"),
    ],
)
def test_a_wrong_name_is_told_before_anything_is_built(
    tmp_path: Path, variables: dict[str, str], code: int, line: str
) -> None:
    for folder in ("data", "pipelines"):
        (tmp_path / folder).mkdir()
    folders = {"DATA": str(tmp_path / "data"), "PIPELINES": str(tmp_path / "pipelines")}

    failed = subprocess.run(
        [str(ROOT / "scripts/init.sh")],
        env=os.environ | folders | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert failed.returncode == code
    assert line in last_line(failed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_init_that_is_broken_off_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    broken_off = run_alone(tmp_path, f"kill -{number.value} $PPID; sleep 0.1", FILE="t.csv")

    assert broken_off.returncode == 128 + number
    assert list((tmp_path / "pipelines").iterdir()) == []


def test_a_folder_may_end_in_a_slash(tmp_path: Path) -> None:
    init = run_alone(tmp_path, 'echo "# $*"', FILE="data/sales/")

    assert init.returncode == 0, init.stderr
    written = (tmp_path / "pipelines/sales.toml").read_text("utf-8")
    assert written.endswith("ingest init --list-candidates sales\n")


LISTS = (
    'case "$*" in *--target*) echo "# $*" ;;'
    " *) printf 'it'\"'\"'s $5\\ta number\\nkind\\t2 classes\\n\\tthey sum to 1\\n'"
    "; exit 65 ;; esac"
)
"""What docker runs where two columns could be the target, and one where it is named."""


def test_without_a_terminal_an_unclear_target_ends_with_the_commands_and_no_file(
    tmp_path: Path,
) -> None:
    init = run_alone(tmp_path, LISTS, FILE="my table.csv")

    folders = f"DATA={tmp_path / 'data'} PIPELINES={tmp_path / 'pipelines'}"
    assert init.returncode == 65
    assert init.stdout == ""
    assert init.stderr.splitlines() == [
        "my table.csv: the target is not clear. It could be:",
        "  1. it's $5: a number",
        "  2. kind: 2 classes",
        "  Note: they sum to 1",
        "No file was written. Choose one of these commands, or name another column:",
        rf"{folders} make init FILE='my table.csv' TARGET='it'\''s $5' NAME=my-table",
        f"{folders} make init FILE='my table.csv' TARGET='kind' NAME=my-table",
    ]
    assert list((tmp_path / "pipelines").iterdir()) == []


def test_a_file_whose_name_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    run_alone(tmp_path, 'echo "# $*"', FILE="--help", NAME="dash")

    written = (tmp_path / "pipelines/dash.toml").read_text("utf-8")
    assert written.endswith(" ingest init --list-candidates ./--help\n")


def test_variables_of_the_reader_reach_the_stage_and_the_printed_commands(tmp_path: Path) -> None:
    given = {"ENCODING": "cp1252", "DELIMITER": ";", "SKIP": "2"}

    written = run_alone(tmp_path, 'echo "# $*"', FILE="t.csv", **given)
    unclear = run_alone(tmp_path, LISTS, FILE="u.csv", **given)

    assert written.returncode == 0, written.stderr
    options = " --encoding=cp1252 --delimiter=; --skip=2 "
    assert options in (tmp_path / "pipelines/t.toml").read_text("utf-8")
    [_, command] = [line for line in unclear.stderr.splitlines() if " make init " in line]
    assert {f"{name}={value}" for name, value in given.items()} < {*shlex.split(command)}


PRINTS = 'echo "$$FILE|$$TARGET"'
"""A recipe that prints what `make init` was given."""


def test_the_printed_commands_name_the_column_when_make_runs_them(tmp_path: Path) -> None:
    init = run_alone(tmp_path, LISTS, FILE="t.csv")
    command = next(line for line in init.stderr.splitlines() if " make init " in line)
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("scripts/init.sh", PRINTS)
    (tmp_path / "Makefile").write_text(makefile.replace("scripts/bootstrap.sh", ":"), "utf-8")

    made = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert made.stdout == "t.csv|it's $5\n"


@pytest.mark.parametrize(
    ("typed", "target"),
    [("2", "kind"), ("1", "it's $5"), ("another", "another"), ("7", "7"), ("0", "0")],
)
def test_on_a_terminal_the_target_is_asked_for(tmp_path: Path, typed: str, target: str) -> None:
    init = run_alone(tmp_path, LISTS, typed=f"{typed}\n", FILE="t.csv")

    assert init.returncode == 0, init.stdout
    assert "Number or name of the column to predict (Enter for none): " in init.stdout
    written = (tmp_path / "pipelines/t.toml").read_text("utf-8")
    assert written.endswith(f"init --target {target} t.csv\n")


def test_on_a_terminal_nothing_typed_writes_no_file(tmp_path: Path) -> None:
    init = run_alone(tmp_path, LISTS, typed="\n", FILE="t.csv")

    assert init.returncode == 65
    assert "No file was written." in init.stdout
    assert list((tmp_path / "pipelines").iterdir()) == []


BUSY = """\
case "$*" in *:8003/health) exit 7 ;; *:8001/health) exit 28 ;; esac
"""
"""Nothing listens on port 8003, and what listens on 8001 does not answer."""


@pytest.mark.parametrize(("given", "port"), [({}, "8003"), ({"PORT": "8099"}, "8099")])
def test_the_proposed_command_has_a_free_port_or_the_one_that_is_set(
    tmp_path: Path, given: dict[str, str], port: str
) -> None:
    curl = tmp_path / "bin/curl"
    curl.parent.mkdir()
    curl.write_text(f"#!/bin/sh\n{BUSY}", encoding="utf-8")
    curl.chmod(0o755)

    init = run_alone(tmp_path, 'echo "# a draft"', FILE="t.csv", TARGET="a", **given)

    assert init.returncode == 0, init.stderr
    command = init.stdout.splitlines()[-1]
    assert "PIPELINE=t " in command
    assert f"PORT={port} " in command
    assert command.endswith(" make up")


def run_alone(
    folder: Path, runs: str, *, typed: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script with this in place of what docker runs, on a terminal if text is typed."""
    for name in ("bin", "data", "pipelines"):
        (folder / name).mkdir(exist_ok=True)
    docker = folder / "bin/docker"
    docker.write_text(f'#!/bin/sh\n[ "$2" = build ] && exit\n{runs}\n', encoding="utf-8")
    docker.chmod(0o755)
    folders = {"DATA": str(folder / "data"), "PIPELINES": str(folder / "pipelines")}
    path = {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    command, environment = [str(ROOT / "scripts/init.sh")], os.environ | folders | path | variables
    if typed is not None:
        return run_on_terminal(command, environment, typed=typed)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def run_on_terminal(
    command: list[str], environment: dict[str, str], *, typed: str
) -> subprocess.CompletedProcess[str]:
    """Run a command whose input and output are a terminal, at which this is typed."""
    main, side = pty.openpty()
    with subprocess.Popen(
        command, env=environment, stdin=side, stdout=side, stderr=side
    ) as process:
        os.close(side)
        os.write(main, typed.encode())
        shown = b""
        with suppress(OSError):  # the other end is closed
            while chunk := os.read(main, 1 << 16):
                shown += chunk
        code = process.wait()
    os.close(main)
    return subprocess.CompletedProcess(command, code, stdout=shown.decode())


def run_script(pipeline: Pipeline, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts/init.sh")],
        env=pipeline.environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("table", "options", "target", "classes"),
    [
        (wine, ["--target", "cultivar"], "cultivar", {"class_0", "class_1", "class_2"}),
        (tumours, [], "diagnosis", {"M", "B"}),
    ],
)
def test_a_tidy_table_answers_as_well(
    local: LocalPipeline,
    table: Callable[[], str],
    options: list[str],
    target: str,
    classes: set[str],
) -> None:
    local.source.write_text(table(), encoding="utf-8")

    init = local.run("ingest", "init", "table.csv", *options)
    assert init.returncode == 0, init.stderr
    # What is proposed in a comment is taken, with less work than the default.
    quick = init.stdout.replace("# trials = 12", "trials = 2")
    local.settings.write_text(quick, encoding="utf-8")
    local.run_all()
    with serving(local) as client:
        answer = client.post("/predict", json=example_of(client)).raise_for_status().json()

    assert answer["predictions"][0][target] in classes


@contextmanager
def serving(pipeline: LocalPipeline) -> Iterator[httpx.Client]:
    """Serve the pipeline's model as a plain process."""
    port = free_port()
    folders = [ROOT / "contract/src", ROOT / "services/serve/src"]
    variables = {
        "PYTHONPATH": ":".join(map(str, folders)),
        "STAGE_IN": str(pipeline.volume(BATCH[-1])),
        "STAGE_HOST": "127.0.0.1",
        "STAGE_PORT": str(port),
    }
    with subprocess.Popen(
        pipeline.command("serve"),
        env=pipeline.environment(BATCH[-1]) | variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert any(STARTED in line for line in process.stdout)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client
        finally:
            process.terminate()


BY_HAND = "typed by hand"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("diamonds", "price"),
        ("penguins", "species"),
        ("flights", "arr_delay"),
        (BY_HAND, "kind"),
    ],
)
def test_the_types_that_are_guessed_are_those_that_clean_infers(
    local: LocalPipeline, name: str, target: str
) -> None:
    """Stages share no code: two implementations of the rules agree."""
    local.source.write_bytes(typed_by_hand().encode() if name == BY_HAND else first_rows(name))
    local.settings.write_text('source = "table.csv"\n', encoding="utf-8")

    init = local.run("ingest", "init", "table.csv", "--target", target)
    for stage in BATCH[:2]:
        run = local.run(stage)
        assert run.returncode == 0, run.stdout
    guessed = tomllib.loads(init.stdout)["clean"]["columns"]
    inferred = schema(local)
    local.settings.write_text(init.stdout, encoding="utf-8")
    for stage in BATCH[:2]:
        run = local.run(stage)
        assert run.returncode == 0, run.stdout

    assert inferred == {name: column.get("type", "string") for name, column in guessed.items()}
    assert schema(local) == inferred
    assert local.latest("clean").manifest["metrics"]["rejected"] == 0


IN_DOUBT = {"day", "sent", "version", "part", "code"}
WITHOUT_COMMA = {"price", "load", "share", "comma"}


@pytest.mark.parametrize(
    ("has_decimal_comma", "doubted"), [(True, IN_DOUBT), (False, IN_DOUBT | WITHOUT_COMMA)]
)
def test_what_init_leaves_in_doubt_is_what_clean_warns_of(
    local: LocalPipeline, *, has_decimal_comma: bool, doubted: set[str]
) -> None:
    table = of_two_readings(has_decimal_comma=has_decimal_comma)
    local.source.write_text(table, encoding="utf-8")
    local.settings.write_text('source = "table.csv"\n', encoding="utf-8")

    init = local.run("ingest", "init", "table.csv", "--target", "kind")
    assert init.returncode == 0, init.stderr
    assert local.run("ingest").returncode == 0
    alone, inferred = local.run("clean"), rows_of(local)
    local.settings.write_text(init.stdout, encoding="utf-8")
    assert local.run("ingest").returncode == 0
    declared, read = local.run("clean"), rows_of(local)

    assert read == inferred
    for told in (alone.stdout, declared.stdout):
        assert {*re.findall(r"column (\w+) becomes a string: every value", told)} == doubted
    looks = r"# Look: (?:numbers|dates).*\n\[clean\.columns\.(\w+)\]"
    assert {*re.findall(looks, init.stdout)} == doubted


def rows_of(pipeline: LocalPipeline) -> list[dict[str, Any]]:
    parts = pipeline.latest("clean").files("table")
    return [row for part in parts for row in parquet.read_table(part).to_pylist()]


def first_rows(name: str) -> bytes:
    content = (ROOT / "data" / SOURCES[name]).read_bytes()
    content = gzip.decompress(content) if SOURCES[name].endswith(".gz") else content
    return b"\n".join(content.split(b"\n")[:20_001])


def schema(pipeline: LocalPipeline) -> dict[str, str]:
    document = json.loads(pipeline.latest("clean").file("schema.json").read_bytes())
    return {field["name"]: field["type"] for field in document["fields"]}
