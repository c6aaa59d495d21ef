"""Remote sources before they are read: known by digest, version or ETag, or unknown."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ingest.sources.file_matching import source_files
from ingest.sources.refresh import refresh_seconds
from stage_contract.watching.scheduler import Scheduler
from stage_contract.watching.snapshots import ChangeDetector
from web import Web, file, serving, status, torn

type Stage = Any
"""The fixture of conftest.py."""

CSV = b"a,b\n1,2\n3,4\n"
OTHER = b"a,b\n1,2\n3,5\n"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(file(CSV)) as web:
        yield web


def test_an_etag_that_stays_is_unchanged_without_reading(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"') == 0

    assert stage.run(f'source = "{web.url}"') == 0
    assert "unchanged: raw-data" in stage.printed()
    assert web.headers("If-None-Match") == [None, '"one"']


def test_a_server_that_knows_no_conditions_is_believed_its_etag(stage: Stage, web: Web) -> None:
    web.always = torn(CSV, 100)
    assert stage.run(f'source = "{web.url}"') == 0

    assert stage.run(f'source = "{web.url}"') == 0
    assert "unchanged: raw-data" in stage.printed()


def test_another_etag_is_read_and_other_bytes_are_published(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    first = stage.latest().artifact
    web.always = file(OTHER, '"two"')

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().columns["b"] == ["2", "5"]
    assert stage.latest().artifact.id != first.id
    assert f"works: only reading {web.url} again tells whether it has changed" in stage.printed()


def test_without_an_etag_it_is_read_again_and_equal_bytes_are_the_same_artifact(
    stage: Stage, web: Web
) -> None:
    web.always = file(CSV, None)
    assert stage.run(f'source = "{web.url}"') == 0
    first = stage.latest().artifact

    assert stage.run(f'source = "{web.url}"') == 0
    assert len(web.asked) == 2
    assert f"gave the same bytes as before: raw-data {first.id}" in stage.printed()
    assert stage.latest().artifact.content == first.content


def test_an_empty_etag_is_none(stage: Stage, web: Web) -> None:
    web.always = file(CSV, "")
    assert stage.run(f'source = "{web.url}"') == 0
    web.always = file(OTHER, "")

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().columns["b"] == ["2", "5"]


def test_equal_bytes_from_another_server_have_the_same_digest(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    first = stage.latest().artifact.manifest["inputs"][0]["sha256"]
    web.always = file(CSV, '"other"')

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().artifact.manifest["inputs"][0]["sha256"] == first


def test_a_version_that_stays_asks_nothing(stage: Stage, web: Web) -> None:
    settings = f'source = "{web.url}"\nversion = "may"'
    assert stage.run(settings) == 0

    assert stage.run(settings) == 0
    assert len(web.asked) == 1
    assert "unchanged: raw-data" in stage.printed()


def test_another_version_is_read(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"\nversion = "may"') == 0
    web.always = file(OTHER, '"one"')

    assert stage.run(f'source = "{web.url}"\nversion = "june"') == 0
    assert stage.latest().columns["b"] == ["2", "5"]
    assert 'settings.version "may" → "june"' in stage.printed()


def test_a_version_that_holds_something_else_is_told(stage: Stage, web: Web) -> None:
    settings = f'source = "{web.url}"\nversion = "may"'
    assert stage.run(settings) == 0
    web.always = file(OTHER)

    assert stage.run(settings, "--force") == 0
    assert "content differs from that of version 'may' read before" in stage.printed()
    assert stage.latest().columns["b"] == ["2", "5"]


def test_a_version_stands_for_what_was_read_last(stage: Stage, web: Web) -> None:
    settings = f'source = "{web.url}"\nversion = "may"'
    assert stage.run(settings) == 0
    for content in (OTHER, CSV):
        web.always = file(content)
        assert stage.run(settings, "--force") == 0

    assert stage.run(settings) == 0
    assert "unchanged: raw-data" in stage.printed().splitlines()[-1]
    assert stage.latest().columns["b"] == ["2", "4"]


def test_equal_bytes_under_another_etag_are_read_once(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    web.always = file(CSV, '"touched"')
    assert stage.run(f'source = "{web.url}"') == 0
    stage.printed()

    assert stage.run(f'source = "{web.url}"') == 0
    assert "unchanged: raw-data" in stage.printed()
    assert web.headers("If-None-Match")[-1] == '"touched"'


def test_a_declared_digest_asks_nothing_once_it_was_read(stage: Stage, web: Web) -> None:
    settings = f'source = "{web.url}"\nsha256 = "{hashlib.sha256(CSV).hexdigest()}"'
    assert stage.run(settings) == 0
    first = stage.latest().artifact

    assert stage.run(settings) == 0
    assert len(web.asked) == 1
    assert stage.run(settings, "--force") == 0
    assert stage.latest().artifact.manifest == first.manifest


def test_another_address_of_the_same_server_is_not_taken_for_this_one(
    stage: Stage, web: Web
) -> None:
    assert stage.run(f'source = "{web.url}"\nversion = "1"') == 0

    assert stage.run(f'source = "{web.url}?year=2023"\nversion = "1"') == 0
    assert [path for path, _ in web.asked] == ["/shop.csv", "/shop.csv?year=2023"]


def test_what_is_damaged_or_of_another_image_is_not_remembered(stage: Stage, web: Web) -> None:
    settings = f'source = "{web.url}"\nversion = "1"'
    assert stage.run(settings) == 0
    artifact = stage.latest().artifact.path
    (artifact / "table/part-00000.parquet").unlink()
    (artifact / "manifest.json").write_text("{}")

    assert stage.run(settings) == 0
    assert len(web.asked) == 2


def test_an_etag_is_forgotten_with_run_json_and_only_costs_a_download(
    stage: Stage, web: Web
) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    (stage.latest().artifact.path / "run.json").unlink()

    assert stage.run(f'source = "{web.url}"') == 0
    assert web.headers("If-None-Match") == [None, None]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_run_json_only_costs_a_download(stage: Stage, web: Web, text: str) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    (stage.latest().artifact.path / "run.json").write_text(text, encoding="utf-8")

    assert stage.run(f'source = "{web.url}"') == 0
    assert web.headers("If-None-Match") == [None, None]


def test_an_unchanged_server_that_is_gone_is_told_as_unreachable(
    stage: Stage, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.downloads.RETRY_DELAYS_SECONDS", (0.0,))
    assert stage.run(f'source = "{web.url}"') == 0
    web.always = status(503)

    assert stage.run(f'source = "{web.url}"') == 69
    assert f"{web.url}: answers 503" in stage.printed()
    assert (stage.root / "out/FAILED.json").exists()
    assert stage.latest().columns["a"] == ["1", "3"]


def test_equal_bytes_twice_on_two_volumes(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    first = stage.latest().artifact.manifest
    shutil.rmtree(stage.root / "out")
    (stage.root / "out").mkdir()
    web.always = file(CSV, '"another"')

    assert stage.run(f'source = "{web.url}"') == 0
    assert stage.latest().artifact.manifest == first


@pytest.mark.parametrize(
    "source", ["https://shop.example/t.csv", "postgresql://shop.example/shop", "http://x/t.csv"]
)
def test_a_resident_stage_looks_at_no_server(stage: Stage, source: str) -> None:
    stage.provide("a\n1\n")

    assert source_files(stage.data, {"source": source}) == []


def resident(stage: Stage, source: str, settings: str = "") -> ChangeDetector:
    return watching(stage, f'[ingest]\nsource = "{source}"\n{settings}\n')


def watching(stage: Stage, text: str) -> ChangeDetector:
    (stage.root / "test.toml").write_text(text, encoding="utf-8")
    return ChangeDetector(
        "ingest",
        folder=stage.data,
        config=stage.root / "test.toml",
        sources=source_files,
        refresh=refresh_seconds,
    )


def runs_of(detector: ChangeDetector, run: Callable[[], int], *, seconds: int) -> list[float]:
    """Return the times at which a stage in watch mode runs, by a fake clock."""
    scheduler, times = Scheduler(settle_seconds=1), []
    for tick in range(4 * seconds):
        if scheduler.is_due(detector.snapshot(), now=tick / 4, digest=detector.digest):
            times.append(tick / 4)
            scheduler.ended(run(), now=tick / 4, refresh_seconds=detector.refresh_seconds())
    return times


@pytest.mark.parametrize("settings", ["", 'refresh = "1m"'])
def test_a_resident_stage_asks_an_unreachable_server_ever_more_seldom(
    stage: Stage, settings: str
) -> None:
    detector = resident(stage, "https://shop.example/t.csv", settings)

    times = runs_of(detector, lambda: 69, seconds=950)

    assert times == [1, 6, 16, 36, 76, 156, 316, 616, 916]


def test_a_resident_stage_reads_a_server_once_while_all_is_well(stage: Stage) -> None:
    assert runs_of(resident(stage, "https://shop.example/t.csv"), lambda: 0, seconds=100) == [1]


def test_a_resident_stage_asks_again_as_often_as_refresh_says(stage: Stage, web: Web) -> None:
    settings = 'refresh = "10s"'
    detector = resident(stage, web.url, settings)

    def run() -> int:
        web.always = file(*held.pop(0))
        return int(stage.run(f'source = "{web.url}"\n{settings}'))

    held = [(CSV, '"one"'), (CSV, '"one"'), (OTHER, '"two"'), (OTHER, '"two"')]
    times = runs_of(detector, run, seconds=40)

    assert times == [1, 11, 21, 31]
    log = stage.printed()
    assert log.count("unchanged: raw-data") == 2
    assert stage.latest().columns["b"] == ["2", "5"]
    assert web.headers("If-None-Match") == [None, '"one"', '"one"', None, '"two"']


@pytest.mark.parametrize(
    ("refresh", "seconds"), [("45s", 45), ("5m", 300), ("2h", 7200), ("1d", 86_400)]
)
def test_refresh_is_a_number_and_its_unit(refresh: str, seconds: float) -> None:
    assert refresh_seconds({"source": "https://shop.example", "refresh": refresh}) == seconds


def test_a_refresh_that_is_none_asks_never_and_the_run_tells_it(stage: Stage) -> None:
    detector = resident(stage, "https://shop.example/t.csv", 'refresh = "soon"')

    assert detector.refresh_seconds() is None
    why = stage.failure('source = "https://shop.example/t.csv"\nrefresh = "soon"', exit_code=78)
    assert "refresh = 'soon': expected a number and s, m, h or d, for example" in why


@pytest.mark.parametrize(
    "text",
    [
        'source = "t.csv"\n[ingest]',
        '[ingest]\nsource = "t.csv"',
        '[ingest]\nsource = "sqlite:///shop.db"\ntable = "orders"',
        "[ingest]",
        '[ingest]\nsource = "ftp://shop.example/t.csv"',
        '[ingest]\nsource = "https://ada:pw@shop.example/t.csv"',
        'source = "https://shop.example/t.csv"\n[ingest]\nversion = "1"',
        f'[ingest]\nsource = "https://shop.example/t.csv"\nsha256 = "{"0" * 64}"',
    ],
)
def test_a_resident_stage_tells_once_that_refresh_can_not_ask(stage: Stage, text: str) -> None:
    stage.provide("a\n1\n")
    detector = watching(stage, f'{text}\nrefresh = "2s"\n')

    assert runs_of(detector, lambda: os.EX_CONFIG, seconds=20) == [1]


@pytest.mark.parametrize("exit_code", [os.EX_CONFIG, os.EX_DATAERR])
def test_a_resident_stage_asks_a_server_again_that_may_mend(stage: Stage, exit_code: int) -> None:
    text = 'source = "postgresql://shop.example/shop"\n[ingest]\ntable = "orders"\nrefresh = "5s"'

    assert runs_of(watching(stage, text), lambda: exit_code, seconds=14) == [1, 6, 11]


def test_refresh_is_no_part_of_the_cause(stage: Stage, web: Web) -> None:
    assert stage.run(f'source = "{web.url}"') == 0
    first = stage.latest().artifact

    assert stage.run(f'source = "{web.url}"\nrefresh = "5m"') == 0
    assert stage.latest().artifact.id == first.id


@pytest.mark.parametrize("key", ["version", "sha256"])
def test_refresh_where_nothing_is_to_be_asked_is_refused(stage: Stage, key: str) -> None:
    settings = f'source = "https://shop.example/t.csv"\nrefresh = "5m"\n{key} = "{"0" * 64}"'

    why = stage.failure(settings, exit_code=78)
    assert f"refresh asks a server again, but with {key} it is not asked" in why
