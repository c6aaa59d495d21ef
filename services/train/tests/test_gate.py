"""The quality gate: limits, the baseline, and the tolerance against the live model."""

from pathlib import Path

import numpy as np
import pytest
from conftest import BOOSTING, LINEAR, TrainStage
from made_data import Change, MadeData, houses, without_size
from modelling.gate.champion_challenger import Comparison
from modelling.gate.champion_checks import Tolerance
from modelling.model_selection.metrics import Metric
from pyarrow import parquet
from stage_contract import Artifact
from verdicts import check, refused, verdict


def shuffled(*folders: str) -> Change:
    """Return a change that gives the rows of these folders each other's targets."""

    def apply(path: Path) -> None:
        for folder in folders:
            file = path / folder / "part-00000.parquet"
            table = parquet.read_table(file)
            noise = np.random.default_rng(0).permutation(table["@target"].to_numpy())
            column = table.column_names.index("@target")
            parquet.write_table(table.set_column(column, "@target", [noise]), file)

    return apply


def test_a_first_model_that_is_better_than_the_baseline_goes_live(
    stage: TrainStage, live: Artifact
) -> None:
    found = verdict(stage, live.id)

    assert found["accepted"] is True
    assert found["reasons"] == []
    assert [each["check"] for each in found["checks"]] == ["parity", "dummy"]
    assert found["judged"]["live"] is None
    assert found["beats_baseline"] is True
    assert found["difference"] == found["value"] - found["baseline"]


def test_a_model_of_shuffled_labels_is_refused_and_the_live_one_stays(
    stage: TrainStage, live: Artifact
) -> None:
    stage.publish(MadeData(), change=shuffled("train", "test"))

    assert stage.run(BOOSTING) == 0

    said = stage.printed().splitlines()[-1]
    assert f"published, but refused: model {refused(stage)}: r2 " in said
    assert "may be no better than the" in said
    assert f"{live.id} stays live" in said
    assert stage.artifact().id == live.id


def test_a_model_of_skewed_noise_is_no_better_than_the_median(stage: TrainStage) -> None:
    def skew(path: Path) -> None:
        for folder in ("train", "test"):
            file = path / folder / "part-00000.parquet"
            table = parquet.read_table(file)
            noise = np.random.default_rng(len(table)).lognormal(3, 1.5, len(table))
            column = table.column_names.index("@target")
            values = noise.astype(table.schema.field("@target").type.to_pandas_dtype())
            parquet.write_table(table.set_column(column, "@target", [values]), file)

    many = MadeData(raw_train=houses(2000, seed=1), raw_test=houses(1000, seed=2))
    stage.publish(many, change=skew)

    assert stage.run('objective = "absolute_error"\ntrials = 2\n') == 0

    found = verdict(stage, refused(stage))
    assert found["metric"] == "mae"
    assert found["accepted"] is False


def test_a_worse_model_is_refused_on_the_very_rows_that_the_live_one_answers_better(
    stage: TrainStage, live: Artifact
) -> None:
    stage.publish(MadeData(), change=without_size)

    assert stage.run(LINEAR) == 0

    assert stage.artifact().id == live.id
    found = check(stage, "live")
    assert (found["passed"], found["model"], found["rows"]) == (False, live.id, 40)
    assert 0 < found["worse"]["low"] <= found["worse"]["value"] == found["live"] - found["value"]
    assert "on the same 40 rows: worse by" in found["why"]
    assert "expected no more than the noise of these rows" in verdict(stage)["reasons"][-1]


def test_a_better_model_goes_live(stage: TrainStage) -> None:
    stage.publish(MadeData(), change=without_size)
    assert stage.run(LINEAR) == 0
    worse = stage.artifact().id
    stage.publish(MadeData())

    assert stage.run(LINEAR) == 0

    assert stage.artifact().id != worse
    found = check(stage, "live")
    assert found["passed"] is True
    assert found["worse"]["high"] < 0
    assert "better by" in stage.printed()


def test_how_much_worse_it_may_be_is_a_setting_that_costs_no_training(
    stage: TrainStage, live: Artifact
) -> None:
    stage.build()
    stage.publish(MadeData(), change=without_size)
    assert stage.run(LINEAR) == 0
    name = refused(stage)
    stage.printed()

    assert stage.run(f"{LINEAR}\ngate = {{worse_by = 0.001}}") == 0
    assert "expected 0.001 at most" in stage.printed()
    assert stage.artifact().id == live.id
    assert stage.run(f'{LINEAR}\ngate = {{worse_by = "any"}}') == 0

    assert "works" not in stage.printed()
    assert stage.artifact().id == name


def test_a_limit_that_is_not_kept_refuses_and_says_what_was_expected(stage: TrainStage) -> None:
    stage.publish(MadeData())

    limits = "minimum = {r2 = 0.99999}\nmaximum = {mae = 1}"
    assert stage.run(f"{LINEAR}\n[train.gate]\n{limits}") == 0

    first, second = verdict(stage)["reasons"]
    assert first.startswith("r2 0.999")
    assert first.endswith(", expected 0.99999 at least")
    assert second.endswith(", expected 1 at most")
    assert "no model is live; fix the cause, or accept it" in stage.printed()


def test_limits_that_are_kept_are_told_too(stage: TrainStage) -> None:
    stage.train(MadeData(), f"{LINEAR}\n[train.gate]\nminimum = {{r2 = 0.5}}")

    limit = check(stage, "limit")
    assert (limit["passed"], limit["metric"], limit["limit"]) == (True, "r2", 0.5)


def test_a_slice_that_is_too_bad_refuses_the_whole(stage: TrainStage) -> None:
    stage.publish(MadeData(raw_test=houses(400, seed=2)))
    limits = "slices = {maximum = {mae = 1}}"

    assert stage.run(f'{LINEAR}\nslices = ["colour"]\ngate = {{{limits}}}') == 0

    *named, more = verdict(stage)["reasons"]
    assert len(named) == 3
    assert named[0].startswith("colour ")
    assert "mae" in named[0]
    assert " rows)" in named[0]
    assert more == "and 1 more of the slices"


@pytest.mark.parametrize(
    ("live", "new", "baseline", "rows", "kept"),
    [
        pytest.param(0.001, 0.0012, 1.02, 1000, True, id="next to nothing of what there was"),
        pytest.param(0.001, 0.0100, 1.02, 1000, False, id="nine times the error"),
        pytest.param(0.003, 0.0070, 1.02, 66, True, id="less than 66 rows can tell"),
        pytest.param(0.003, 0.0200, 1.02, 66, False, id="more than one of 66 rows"),
        pytest.param(0.500, 0.5090, 0.70, 1000, True, id="within two percent of its error"),
        pytest.param(0.500, 0.5200, 0.70, 1000, False, id="more than two percent"),
    ],
)
def test_a_difference_that_is_no_chance_counts_only_if_it_is_no_trifle(
    live: float, new: float, baseline: float, rows: int, *, kept: bool
) -> None:
    worse = {"value": new - live, "low": (new - live) / 2, "high": (new - live) * 2}
    log_loss = Metric("log_loss", lambda *_: 0.0)

    found = Tolerance(log_loss, "noise", baseline).allows(Comparison(new, live, worse, rows=rows))

    assert found is kept


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("minimum = {rmse = 1}", "minimum of rmse: it is better the lower; expected a maximum"),
        ("maximum = {r2 = 1}", "maximum of r2: it is better the higher; expected a minimum"),
        ("minimum = {accuracy = 0.9}", "[train] gate: accuracy does not fit regression"),
        ("minimun = {r2 = 0.9}", "gate.minimun is not a setting; did you mean minimum?"),
        ("worse_by = -1", "gate.worse_by"),
        ("slices = {minimum = {r2 = 0.9}}", "gate.slices limits slices that are not there"),
    ],
)
def test_a_wrong_limit_ends_with_78_before_anything_is_learned(
    stage: TrainStage, settings: str, message: str
) -> None:
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}\n[train.gate]\n{settings}") == 78
    said = stage.printed()
    assert message in said
    assert "held-out rows" not in said


def test_a_refusal_can_end_the_run(stage: TrainStage) -> None:
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}\ngate = {{minimum = {{r2 = 1.0}}, fail = true}}") == 65

    assert f"error: model {refused(stage)} is refused: r2 0.9" in stage.printed()


def test_the_files_and_the_manifest_are_the_same_whatever_the_gate_says(stage: TrainStage) -> None:
    stage.build()
    artifact = stage.train(MadeData())
    before = (artifact.path / "manifest.json").read_bytes()
    for path in (stage.root / "model").iterdir():
        path.rename(stage.root / f"old-{path.name}")

    assert stage.run(f"{LINEAR}\n[train.gate]\nminimum = {{r2 = 1.0}}") == 0

    assert refused(stage) == artifact.id
    again = stage.root / "model" / artifact.id
    assert (again / "manifest.json").read_bytes() == before
