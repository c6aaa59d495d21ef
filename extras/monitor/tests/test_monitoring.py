"""From files of traffic to the report, the summary and the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import CALM, MOVED, Volumes, publish_model
from monitor.settings import read_settings
from monitor.summary import summarize
from monitor.work import monitor
from stage_contract import ContractError, SettingsError

ROOT = Path(__file__).parents[3]
SECONDS = 60


def run(volumes: Volumes, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    sources = ROOT / "extras/monitor/src", ROOT / "contract/src"
    settings = volumes.settings
    environment = {
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "STAGE_IN": str(settings.models),
        "STAGE_TRAFFIC": str(settings.traffic),
        "STAGE_OUT": str(settings.out),
    }
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        env=os.environ | environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def report(volumes: Volumes) -> dict[str, Any]:
    return monitor(volumes.settings)


def test_a_calm_window_has_no_alert(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", CALM), volumes.line("11:00", CALM))

    found = report(volumes)

    assert [window["state"] for window in found["windows"]] == ["judged", "open"]
    assert found["alerts"] == []


def test_a_new_text_alerts_in_the_first_window(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", MOVED), volumes.line("11:00", CALM))

    expected = [{"name": "cut", "kind": "column", "reasons": ["other values"]}]
    assert report(volumes)["alerts"] == expected


def test_the_lines_of_all_workers_add_up(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", CALM, dropped=5))
    volumes.write(
        volumes.line("10:31", CALM), volumes.line("11:00", CALM), name="windows-1-1.jsonl"
    )

    first = report(volumes)["windows"][0]

    assert (first["rows"], first["requests"], first["dropped"]) == (480, 48, 5)


def test_an_open_window_is_not_judged(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", MOVED))

    found = report(volumes)

    assert [window["state"] for window in found["windows"]] == ["open"]
    assert "judged when traffic after 2026-12-03T11:00:00Z arrives" in summarize(found)


def test_too_few_rows_are_told(volumes: Volumes) -> None:
    few = {"size": [0, 0, 0, 9], "cut": [0, 0, 0, 9]}
    volumes.write(volumes.line("10:30", few, rows=9), volumes.line("11:00", CALM))

    assert report(volumes)["windows"][0]["state"] == "too few rows: 9 of 200"


def test_an_alert_of_the_last_judged_window_stays_active_over_few_rows(volumes: Volumes) -> None:
    few = volumes.line("11:00", {}, rows=9)
    volumes.write(volumes.line("10:30", MOVED), few, volumes.line("12:00", CALM))

    assert [alert["name"] for alert in report(volumes)["alerts"]] == ["cut"]


def test_each_window_is_compared_with_the_model_of_its_time(volumes: Volumes) -> None:
    old = publish_model(volumes.settings.models, id_="b" * 16, has_bins=False)
    lines = volumes.line("09:00", MOVED, model=old), volumes.line("10:00", CALM)
    gone = volumes.line("08:00", MOVED, model="c" * 16)
    volumes.write(gone, *lines, volumes.line("11:00", CALM))

    states = [window["state"] for window in report(volumes)["windows"]]

    assert states == [
        "the model is not on the volume; it may have been pruned",
        "the model has no bins; train again with contract 1.4",
        "judged",
        "open",
    ]


def test_a_damaged_reference_is_told_and_does_not_end_the_run(volumes: Volumes) -> None:
    (volumes.settings.models / volumes.model / "reference.json").write_text("{}", "utf-8")
    volumes.write(volumes.line("10:30", CALM), volumes.line("11:00", CALM))

    assert "reference.json" in report(volumes)["windows"][0]["state"]


def test_columns_are_ordered_by_drift_and_importance(volumes: Volumes) -> None:
    # Equal PSI; size is three times as important.
    moved = {"size": [120, 60, 60, 0], "cut": [100, 140, 0, 0]}
    volumes.write(volumes.line("10:30", moved), volumes.line("11:00", CALM))

    columns = report(volumes)["windows"][0]["columns"]

    weights = [each["psi"] * each["importance"] for each in columns[1:]]
    assert columns[0]["kind"] == "prediction"
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize(
    "line",
    [
        7,
        {"minute": "yesterday"},
        {"minute": "2026-12-03T10:30:00Z", "model": 1, "requests": 1, "rows": 1},
        {"minute": "2026-12-03T10:30:00Z", "model": "a", "requests": -1, "rows": 1},
        {"minute": "2026-12-03T10:30:00Z", "model": "a", "requests": 1, "rows": 1, "columns": [1]},
        {"minute": "2026-12-03T10:30:00Z", "model": "a", "requests": True, "rows": 1},
    ],
)
def test_a_foreign_line_is_skipped_and_counted(volumes: Volumes, line: Any) -> None:
    volumes.write(volumes.line("10:30", CALM), line, volumes.line("11:00", CALM))

    found = report(volumes)

    assert found["traffic"] == {
        "files": 1,
        "lines": 2,
        "skipped_lines": {"foreign": 1, "incomplete": 0},
    }


def test_a_line_with_other_bins_is_skipped_and_counted(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", CALM), volumes.line("10:31", {"size": [240, 0]}))

    assert report(volumes)["traffic"]["skipped_lines"]["foreign"] == 1


def test_an_incomplete_last_line_is_skipped_and_counted(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", CALM), tail='{"minute": "2026-12-03T10:3')

    found = report(volumes)

    assert found["traffic"]["skipped_lines"]["incomplete"] == 1
    assert "skipped lines: 1 incomplete" in summarize(found)


def test_equal_traffic_gives_equal_bytes(volumes: Volumes) -> None:
    path = volumes.settings.out / "report.json"
    lines = [volumes.line("10:30", MOVED), volumes.line("10:40", CALM), volumes.line("11:00", CALM)]
    volumes.write(*lines)
    report(volumes)
    first = path.read_bytes()
    volumes.write(*reversed(lines))
    report(volumes)

    assert path.read_bytes() == first


def test_no_traffic_yet_is_no_alert(volumes: Volumes) -> None:
    assert summarize(report(volumes)) == "no traffic was recorded yet\nactive alerts: 0"


def test_a_missing_folder_names_the_overlay(volumes: Volumes) -> None:
    volumes.settings.traffic.rmdir()

    with pytest.raises(ContractError, match=r"deploy/monitor\.yaml"):
        report(volumes)


@pytest.mark.parametrize("text", ["0", "1441", "an hour"])
def test_a_wrong_length_of_a_window_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="expected minutes from 1 to 1440"):
        read_settings({"MONITOR_WINDOW_MINUTES": text})


def test_a_check_prints_the_table_and_ends_with_3(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", MOVED), volumes.line("11:00", CALM))

    ended = run(volumes, "--check")

    assert ended.returncode == 3, ended.stderr
    assert "cut" in ended.stdout
    assert ended.stdout.endswith("active alerts: 1\n")
    assert json.loads((volumes.settings.out / "report.json").read_bytes())["format"] == 1


def test_without_check_an_alert_is_a_warning(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", MOVED), volumes.line("11:00", CALM))

    ended = run(volumes)

    assert ended.returncode == 0
    assert "drift of cut: other values" in ended.stdout + ended.stderr


def test_windows_may_be_shorter(volumes: Volumes) -> None:
    volumes.write(volumes.line("10:30", CALM), volumes.line("10:31", CALM))

    ended = run(volumes, "--check", MONITOR_WINDOW_MINUTES="1")

    assert "2026-12-03T10:30:00Z to 2026-12-03T10:31:00Z" in ended.stdout


def test_a_wrong_setting_ends_with_78(volumes: Volumes) -> None:
    assert run(volumes, MONITOR_WINDOW_MINUTES="0").returncode == 78


def test_a_column_may_be_called_predictions(volumes: Volumes) -> None:
    folder = volumes.settings.models / ("d" * 16)
    publish_model(volumes.settings.models, id_=folder.name, names=("predictions", "cut"))
    moved = {"predictions": [80, 80, 80, 0], "cut": [140, 70, 30, 0]}
    line = volumes.line("10:30", moved, model=folder.name)
    volumes.write(line, volumes.line("11:00", CALM))

    columns = report(volumes)["windows"][0]["columns"]

    kinds = [(each["kind"], each["name"]) for each in columns]
    assert kinds == [("prediction", "predictions"), ("column", "cut"), ("column", "predictions")]
