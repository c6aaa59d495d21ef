"""The models that a new model is compared with: suspensions, and the best predecessor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from conftest import LINEAR, TrainStage
from made_data import Change, MadeData, houses, without_size
from pyarrow import parquet
from stage_contract import Artifact, open_latest
from stage_contract.artifacts.digests import content_digest, file_digest
from stage_contract.pointers import accept, roll_back, unpin
from verdicts import check, refused, verdict

SETTINGS = {
    "ingest": {},
    "clean": {"duplicates": "drop", "columns": {}},
    "features": {"exclude": [], "split": "hash", "test_share": 0.25},
}


def publish(stage: TrainStage, selection: dict[str, Any], *, change: Change | None = None) -> None:
    """Publish feature-data of these settings."""
    data = stage.publish(MadeData(), change=change or (lambda _path: None))
    run = {"selection": selection}
    (data.path / "run.json").write_text(json.dumps(run), encoding="utf-8")


def settings_with(stage_name: str, **changes: Any) -> dict[str, Any]:
    return SETTINGS | {stage_name: SETTINGS[stage_name] | changes}


def noisy(share: float) -> Change:
    """Return a change that replaces a share of the training targets."""

    def apply(path: Path) -> None:
        file = path / "train/part-00000.parquet"
        table = parquet.read_table(file)
        target = table["@target"].to_numpy().copy()
        target += share * 4000 * np.random.default_rng(0).normal(size=len(target))
        column = table.column_names.index("@target")
        parquet.write_table(table.set_column(column, "@target", [pa.array(target)]), file)

    return apply


def nearly_random(path: Path) -> None:
    """Weaken the signal of the size of the houses, and exclude their rooms."""
    for folder, seed in (("train", 0), ("test", 1)):
        file = path / folder / "part-00000.parquet"
        table = parquet.read_table(file)
        target = 1500 * table["size"].to_numpy()
        target += 4000 * np.random.default_rng(seed).normal(size=len(target))
        column = table.column_names.index("@target")
        parquet.write_table(table.set_column(column, "@target", [pa.array(target)]), file)
    excluded = {"name": "rooms", "role": "excluded"}
    edited(lambda document: document["columns"].append(excluded))(path)


@pytest.fixture
def live(stage: TrainStage) -> Artifact:
    """A good model of SETTINGS that is live."""
    publish(stage, SETTINGS)
    assert stage.run(LINEAR) == 0, stage.printed()
    return stage.artifact()


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        (settings_with("features", exclude=["size"]), 'features.exclude [] → ["size"]'),
        (settings_with("features", split="group"), 'features.split "hash" → "group"'),
        (settings_with("clean", duplicates="keep"), 'clean.duplicates "drop" → "keep"'),
        (
            settings_with("clean", columns={"size": {"outliers": "iqr"}}),
            'clean.columns.size.outliers unset → "iqr"',
        ),
        (settings_with("ingest", query="select 1"), 'ingest.query unset → "select 1"'),
    ],
)
def test_settings_that_decide_rows_or_columns_suspend_the_comparison(
    stage: TrainStage, live: Artifact, selection: dict[str, Any], reason: str
) -> None:
    publish(stage, selection, change=without_size)

    assert stage.run(LINEAR) == 0

    assert stage.artifact().id != live.id
    found = check(stage, "live")
    assert (found["passed"], found["model"], found["suspended"]) == (None, live.id, [reason])
    assert f"not compared with the live model {live.id}: {reason}" in stage.printed()


def test_new_rows_do_not_suspend_it(stage: TrainStage, live: Artifact) -> None:
    publish(stage, SETTINGS, change=without_size)

    assert stage.run(LINEAR) == 0

    assert check(stage, "live")["passed"] is False
    assert stage.artifact().id == live.id


def test_a_live_model_with_a_leak_suspends_it(stage: TrainStage) -> None:
    publish(stage, SETTINGS)
    assert stage.run(LINEAR) == 0
    leaky = stage.artifact()
    # Like a source column that alone determines the target.
    spoil(leaky, leaks=[{"column": "size", "share": 0.99}])
    publish(stage, SETTINGS, change=without_size)

    assert stage.run(LINEAR) == 0

    assert stage.artifact().id != leaky.id
    (reason,) = check(stage, "live")["suspended"]
    assert reason == "its column 'size' says the target by itself, which may be a leak"


def spoil(model: Artifact, **facts: Any) -> None:
    """Change model.json, and the manifest with it."""
    path = model.path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | facts), encoding="utf-8")
    manifest = model.path / "manifest.json"
    document = json.loads(manifest.read_bytes())
    for entry in document["files"]:
        if entry["path"] == path.name:
            entry |= {"bytes": path.stat().st_size, "sha256": file_digest(path)}
    digests = [(entry["path"], entry["sha256"]) for entry in document["files"]]
    document["content"] = content_digest(digests)
    manifest.write_text(json.dumps(document), encoding="utf-8")


def test_a_suspended_comparison_asks_no_more_of_a_model_than_a_first_run(
    stage: TrainStage, live: Artifact
) -> None:
    publish(stage, settings_with("features", exclude=["rooms"]), change=nearly_random)

    assert stage.run(LINEAR) == 0

    said = stage.printed()
    assert check(stage, "dummy")["passed"] is True, said
    assert stage.artifact().id != live.id
    assert "the baseline and the limits decide, as on a first run" in said


def test_a_small_lead_over_the_baseline_does_not_replace_a_model_it_is_compared_with(
    stage: TrainStage, live: Artifact
) -> None:
    publish(stage, SETTINGS, change=nearly_random)

    assert stage.run(LINEAR) == 0

    assert check(stage, "dummy")["passed"] is False
    assert stage.artifact().id == live.id


def test_a_refusal_names_the_columns_of_the_live_model_that_are_excluded_now(
    stage: TrainStage, live: Artifact
) -> None:
    publish(stage, settings_with("features", exclude=["rooms"]), change=nearly_random)

    assert stage.run(f"{LINEAR}\ngate = {{minimum = {{r2 = 0.99}}}}") == 0

    warning = f"the live model {live.id} still uses 'rooms', now in exclude of [features]"
    assert verdict(stage)["reasons"][-1] == warning
    assert f"{warning}; {live.id} stays live" in stage.printed()


def test_limits_decide_where_it_is_suspended(stage: TrainStage, live: Artifact) -> None:
    publish(stage, settings_with("features", exclude=["size"]), change=without_size)

    assert stage.run(f"{LINEAR}\ngate = {{minimum = {{r2 = 0.99}}}}") == 0

    assert check(stage, "live")["passed"] is None
    assert stage.artifact().id == live.id


def test_the_model_after_a_suspension_is_what_the_next_one_is_compared_with(
    stage: TrainStage, live: Artifact
) -> None:
    others = settings_with("features", exclude=["size"])
    publish(stage, others, change=without_size)
    assert stage.run(LINEAR) == 0
    honest = stage.artifact()
    publish(stage, others, change=both(without_size, noisy(0.01)))
    assert stage.run(LINEAR) == 0

    assert honest.id != live.id
    assert check(stage, "live")["model"] == honest.id
    assert "best" not in [each["check"] for each in verdict(stage)["checks"]]


def both(*changes: Change) -> Change:
    def apply(path: Path) -> None:
        for change in changes:
            change(path)

    return apply


@pytest.mark.usefixtures("live")
def test_without_recorded_settings_it_is_compared_and_what_is_untold_is_named(
    stage: TrainStage,
) -> None:
    publish(stage, {"features": SETTINGS["features"]})
    path = open_latest(stage.root / "features", "feature-data").path / "manifest.json"
    manifest = json.loads(path.read_bytes())
    clean = {"stage": "clean", "kind": "clean-data", "content": "0" * 64, "rows": 160}
    manifest["lineage"].append(clean | {"rejected": None})
    path.write_text(json.dumps(manifest), encoding="utf-8")

    assert stage.run(LINEAR) == 0

    assert check(stage, "live")["passed"] is True
    assert "whether settings of clean that decide about rows or columns" in stage.printed()


def test_a_column_that_is_excluded_now_suspends_it_without_recorded_settings(
    stage: TrainStage,
) -> None:
    live = stage.train(MadeData())
    change = edited(lambda d: d["columns"].append({"name": "size", "role": "excluded"}))
    stage.publish(MadeData(), change=both(without_size, change))

    assert stage.run(LINEAR) == 0

    assert stage.artifact().id != live.id
    assert check(stage, "live")["suspended"] == ["its column 'size' is excluded now"]


LOSS = f"{LINEAR}\ngate = {{worse_by = 0.02}}"
"""Each retraining below loses some 0.013 of R2."""


def lose(stage: TrainStage, step: int) -> str:
    """Retrain on worse data, and return the live model after that."""
    publish(stage, SETTINGS, change=noisy(0.2 * step**0.5))
    assert stage.run(LOSS) == 0
    return stage.artifact().id


def test_small_losses_do_not_add_up(stage: TrainStage, live: Artifact) -> None:
    first = lose(stage, 1)
    assert first != live.id

    assert lose(stage, 2) == first

    found = check(stage, "best")
    assert (found["passed"], found["model"], found["rows"]) == (False, live.id, 40)
    assert check(stage, "live")["passed"] is True
    (reason,) = verdict(stage)["reasons"]
    assert f"that of the best model that was live, {live.id} is" in reason


@pytest.mark.parametrize("by_hand", ["accept", "rollback"])
def test_who_moves_the_pointer_by_hand_begins_a_new_comparison(
    stage: TrainStage, live: Artifact, by_hand: str
) -> None:
    volume, first = stage.root / "model", lose(stage, 1)
    lose(stage, 2)
    if by_hand == "accept":
        accept(volume, refused(stage), kind="model")
        assert lose(stage, 3) not in (first, live.id)
        return
    roll_back(volume, first, kind="model")
    unpin(volume, kind="model")

    assert lose(stage, 2) not in (first, live.id)


@pytest.mark.usefixtures("live")
def test_a_refusal_is_judged_anew_once_somebody_moved_the_pointer(stage: TrainStage) -> None:
    stage.build()
    first = lose(stage, 1)
    publish(stage, SETTINGS, change=noisy(0.2 * 2**0.5))
    assert stage.run(LOSS) == 0
    name = refused(stage)
    roll_back(stage.root / "model", first, kind="model")
    (stage.root / "model/PINNED").unlink()
    stage.printed()

    assert stage.run(LOSS) == 0

    assert "works" not in stage.printed()
    assert stage.artifact().id == name


def edited(change: Callable[[dict[str, Any]], None]) -> Change:
    def apply(path: Path) -> None:
        document = json.loads((path / "features.json").read_bytes())
        change(document)
        (path / "features.json").write_text(json.dumps(document), encoding="utf-8")

    return apply


def test_a_row_that_the_live_model_refuses_is_in_no_comparison(stage: TrainStage) -> None:
    whole = houses(120, seed=1)
    column = whole.column_names.index("size")
    full = whole.set_column(column, "size", pa.array([*map(float, range(120))]))
    stage.train(MadeData(raw_train=full))
    stage.publish(MadeData())

    assert stage.run(LINEAR) == 0

    missing = houses(40, seed=2)["size"].null_count
    assert missing > 0
    assert check(stage, "live")["rows"] == 40 - missing
