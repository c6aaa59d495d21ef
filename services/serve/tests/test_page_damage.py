"""The page beside documents that are damaged, hostile or very large: it says so and goes on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from serve.api.page import overview as overview_module
from serve_testing.made_models import DIAMONDS
from stage_contract import LOGGER
from test_page_overview import RUNS, SOURCE, STAGES, judge, older, publish

LATE, EARLY = "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"
HUGE = 10**400
MAX_PAGE_BYTES = 4_000_000


def page(worker: Worker) -> str:
    """Return the page, which always has all its sections without a fault."""
    texts = [worker.ask("GET", path) for path in ("/", "/page/overview")]
    assert [answer.status_code for answer in texts] == [200, 200]
    assert max(len(answer.content) for answer in texts) < MAX_PAGE_BYTES
    assert "A bug of this service" not in texts[0].text
    return texts[0].text


def with_run(**changed: Any) -> dict[str, Any]:
    return {"pipeline": [RUNS[0] | changed]}


@pytest.mark.parametrize(
    "run",
    [
        {"finished": LATE},
        {"finished": EARLY},
        {"finished": "2026-11-24T08:00:00"},
        {"seconds": 1e308},
        {"seconds": -1},
        with_run(finished=LATE),
        with_run(rows=-5),
        with_run(rejected=HUGE),
        with_run(rejected_by_reason={"malformed": HUGE}),
        with_run(columns=[{"name": "carat", "missing": HUGE}]),
        with_run(columns=[{"name": "carat", "minimum": HUGE}]),
        with_run(columns=[{"name": "carat", "missing": -1}]),
        with_run(columns=[{"name": "carat"}] * 1001),
        {"pipeline": RUNS * 7},
    ],
    ids=repr,
)
def test_a_run_with_impossible_facts_is_damaged(tmp_path: Path, run: Any) -> None:
    publish(tmp_path, DIAMONDS, run=run)

    assert "run.json is damaged, so causes and durations are unknown" in page(Worker(tmp_path))


@pytest.mark.parametrize("time", [LATE, EARLY, "0001-01-01T00:00:00"])
def test_an_impossible_time_of_another_model_is_not_shown(tmp_path: Path, time: str) -> None:
    publish(tmp_path, older(DIAMONDS, "b"), run={"finished": time})
    publish(tmp_path, DIAMONDS)

    assert "<code>" + "b" * 16 in page(Worker(tmp_path))


@pytest.mark.parametrize("wrong", [{"when": LATE}, {"when": EARLY}, {"exit_code": HUGE}])
def test_an_impossible_failure_is_not_shown(tmp_path: Path, wrong: dict[str, Any]) -> None:
    publish(tmp_path, DIAMONDS)
    failure = {"stage": "train", "exit_code": 65, "cause": "no rows", "hint": ""}
    failure |= {"when": "2026-11-25T01:02:03+00:00"} | wrong
    (tmp_path / "FAILED.json").write_text(json.dumps(failure))

    assert "failed with exit code" not in page(Worker(tmp_path))


@pytest.mark.parametrize(
    "verdict",
    [
        {"metric": []},
        {"metric": {}},
        {"checks": [{"check": "slice", "column": [], "why": "x"}]},
        {"checks": [{"check": [1]}]},
        {"judged": {"live": [1]}},
        {"reasons": ["x" * 300_000]},
    ],
    ids=lambda verdict: repr(verdict)[:40],
)
def test_a_verdict_of_another_form_is_named(tmp_path: Path, verdict: dict[str, Any]) -> None:
    judge(publish(tmp_path, DIAMONDS), accepted=True, **verdict)
    judge(publish(tmp_path, older(DIAMONDS, "b")), accepted=True, **verdict)
    (tmp_path / "LATEST").write_text(DIAMONDS.id)
    text = page(Worker(tmp_path))

    assert text.count('<span class="bad">unknown</span><small>verdict.json ') == 2
    assert "It can't be shown: verdict.json" in text
    assert f"rollback ID={'b' * 16}" not in text


@pytest.mark.parametrize(
    "changed",
    [
        {"split": {"test_rows": 5}},
        {"split": {"kind": "hash", "test_rows": None}},
        {"split": {"kind": "hash", "test_rows": "five"}},
        {"split": {"test_rows": [1]}},
        {"split": ["test_rows"]},
        {"estimator": {"library": "x"}},
        {"estimator": "trees"},
        {"estimator": ["trees"]},
        {"metrics": {"rmse": {"value": 1}}},
        {"metrics": {f"metric {n}": {"value": 1, "low": 0, "high": 2} for n in range(9000)}},
        {"leaks": [{"column": "carat", "share": "much"}]},
    ],
    ids=lambda changed: repr(changed)[:60],
)
def test_facts_of_another_form_in_model_json_are_left_out(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    publish(tmp_path, DIAMONDS.but(changes=tuple(changed.items())))

    assert "<h1>price</h1>" in page(Worker(tmp_path))


@pytest.mark.parametrize("stage", [None, {}, {"name": "train"}, {"name": 1, "version": [2]}])
def test_a_manifest_without_its_stage_is_shown(tmp_path: Path, stage: Any) -> None:
    path = publish(tmp_path, DIAMONDS)
    document = json.loads((path / "manifest.json").read_text())
    del document["stage"]
    (path / "manifest.json").write_text(
        json.dumps(document | ({} if stage is None else {"stage": stage}))
    )

    assert "<h1>price</h1>" in page(Worker(tmp_path))


@pytest.mark.parametrize("rows", [HUGE, -3], ids=["huge", "negative"])
def test_impossible_rows_in_a_lineage_are_named(tmp_path: Path, rows: int) -> None:
    lineage = [SOURCE, STAGES[0] | {"rows": rows}, *STAGES[1:]]
    publish(tmp_path, DIAMONDS, lineage=lineage)

    assert "its lineage or metrics are malformed" in page(Worker(tmp_path))


def test_numbers_that_no_float_can_hold_are_not_shown(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS, rows=HUGE)

    assert '<td class="n">–</td>' in page(Worker(tmp_path))


def refuse(volume: Path, model: str) -> None:
    (volume / "REFUSED").write_text(model)


def test_a_refused_model_that_was_removed_is_named(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    refuse(tmp_path, "d" * 16)
    text = page(Worker(tmp_path))

    assert f"The gate refused model {'d' * 16}" in text
    assert "Its reason can&#39;t be read." in text


def test_a_refused_model_that_is_not_listed_has_its_reason(tmp_path: Path) -> None:
    refused = publish(tmp_path, older(DIAMONDS, "d"))
    judge(refused, accepted=False, reasons=["r2 is too low"])
    for number in range(21):
        publish(tmp_path, DIAMONDS.but(id=f"{number:016x}"))
    refuse(tmp_path, "d" * 16)

    assert "r2 is too low" in page(Worker(tmp_path))


def test_a_link_in_place_of_a_manifest_hides_no_other_model(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    (tmp_path / ("9" * 16)).mkdir()
    (tmp_path / ("9" * 16) / "manifest.json").symlink_to(tmp_path / "nowhere")
    refuse(tmp_path, "d" * 16)
    text = page(Worker(tmp_path))

    assert "2 on the volume" in text
    assert f"<code>{DIAMONDS.id}</code> <span" in text


def test_very_many_stages_are_not_shown(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS, lineage=[SOURCE, *STAGES[:1] * 500, *STAGES])

    assert "its lineage has 503 stages, too many" in page(Worker(tmp_path))


def test_a_manifest_beyond_its_bound_is_not_shown(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS, lineage=[SOURCE, *STAGES[:1] * 60_000, *STAGES])

    assert "manifest.json has more than" in page(Worker(tmp_path))


def test_only_the_first_checks_are_listed(tmp_path: Path) -> None:
    checks = [{"check": "slice", "passed": True, "why": f"check {number}"} for number in range(250)]
    judge(publish(tmp_path, DIAMONDS), accepted=True, checks=checks)
    text = page(Worker(tmp_path))

    assert "check 99<" in text
    assert "check 100<" not in text
    assert "150 more checks" in text


def test_a_section_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    columns = [{"name": f"{number} " + "<" * 990} for number in range(200)]
    publish(tmp_path, DIAMONDS, run={"pipeline": [RUNS[0] | {"columns": columns}]})
    text = page(Worker(tmp_path))

    assert "This part can" in text
    assert "It is too large." in text
    assert '<h2 id="history-title">Models</h2>' in text


def test_a_fault_of_one_section_is_logged_once_and_shown_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(overview_module, "metric_rows", fail)
    publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    with caplog.at_level("ERROR", logger=LOGGER.name):
        answers = [worker.ask("GET", path) for path in ("/", "/page/overview")]

    for answer in answers:
        assert answer.status_code == 200
        assert "This part can't be shown: model" in answer.text
        assert '<h2 id="history-title">Models</h2>' in answer.text
    [logged] = [each for each in caplog.records if "section model" in each.getMessage()]
    assert logged.exc_info is not None


def test_a_model_that_is_judged_again_is_read_again(tmp_path: Path) -> None:
    path = publish(tmp_path, older(DIAMONDS, "b"))
    publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    first = page(worker)
    judge(path, accepted=False, reasons=["judged again"])
    second = page(worker)

    assert "judged again" not in first
    assert "judged again" in second


def removed(path: Path) -> None:
    shutil.rmtree(path)


def emptied(path: Path) -> None:
    (path / "manifest.json").write_text("{}")


@pytest.mark.parametrize("change", [removed, emptied])
def test_a_model_that_changes_while_it_is_live_is_still_shown(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    change(path)

    assert "<h1>price</h1>" in page(worker)
