"""The settings that decide about rows and columns are handed on, stage by stage."""

import json
from pathlib import Path

from stage_contract import Artifact
from stage_contract.stages.selection import changed_selection, selection_of


def artifact(path: Path, text: str) -> Artifact:
    (path / "run.json").write_text(text, encoding="utf-8")
    return Artifact(path, {})


def test_a_run_without_it_says_nothing(tmp_path: Path) -> None:
    assert selection_of(Artifact(tmp_path, {})) == {}
    for text in ("", "[]", "{}", '{"selection": 3}'):
        assert selection_of(artifact(tmp_path, text)) == {}


def test_settings_are_compared_of_the_stages_that_both_know(tmp_path: Path) -> None:
    before = {"clean": {"columns": {"price": {"maximum": 9}}}, "features": {"exclude": []}}
    now = {"clean": {"columns": {}}, "features": {"exclude": ["paid"]}, "ingest": {"table": "a"}}
    read = selection_of(artifact(tmp_path, json.dumps({"selection": now})))

    assert [*changed_selection(before, read)] == [
        "clean.columns.price.maximum 9 → unset",
        'features.exclude [] → ["paid"]',
    ]
