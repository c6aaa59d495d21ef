"""Models into MLflow's own server: once, whole, and under their own times."""

import json
from pathlib import Path

import pytest
from conftest import EXAMPLES, RUN, Server, Volume, empty_volume
from stage_contract import ContractError, SettingsError
from stage_contract.artifacts.digests import content_digest, file_digest

MODEL_ID = "stagecoach.model_id"


def values(entries: list[dict[str, str]]) -> dict[str, str]:
    return {entry["key"]: entry["value"] for entry in entries}


def replace(path: Path, name: str, text: str) -> None:
    """Replace a file of an artifact, and what its manifest says of it."""
    (path / name).write_text(text, encoding="utf-8")
    manifest = json.loads((path / "manifest.json").read_bytes())
    entry = next(entry for entry in manifest["files"] if entry["path"] == name)
    entry |= {"bytes": (path / name).stat().st_size, "sha256": file_digest(path / name)}
    digests = [(entry["path"], entry["sha256"]) for entry in manifest["files"]]
    manifest["content"] = content_digest(digests)
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture(scope="module")
def tracked(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """The houses' model, logged; what is there is not to be changed."""
    volume = empty_volume(tmp_path_factory.mktemp("tracked"))
    volume.point(volume.add(EXAMPLES / "model"))
    volume.log(server)
    return volume


def test_a_model_is_logged_with_all_that_is_known_of_it(tracked: Volume, server: Server) -> None:
    (model_id,) = tracked.ids
    document = tracked.document(model_id)

    (run,) = server.runs(tracked.pipeline, MODEL_ID, model_id)

    assert run["info"]["status"] == "FINISHED"
    assert run["info"]["run_name"] == model_id
    # 2026-03-01 10:00:00 and 10:00:30 UTC, as run.json says
    assert (run["info"]["start_time"], run["info"]["end_time"]) == (1772359200000, 1772359230000)
    params, tags = values(run["data"]["params"]), values(run["data"]["tags"])
    metrics = values(run["data"]["metrics"])
    assert params["train.trials"] == "2"
    assert params["estimator"] == document["estimator"]["name"]
    for name, metric in document["metrics"].items():
        found = (metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"])
        assert found == (metric["value"], metric["low"], metric["high"])
    assert metrics["dummy_r2"] == document["baseline"]["r2"]["value"]
    manifest = json.loads((tracked.path / model_id / "manifest.json").read_bytes())
    assert tags["stagecoach.gate"] == "accepted"
    assert tags["stagecoach.content"] == manifest["content"]
    assert tags["stagecoach.raw-data"] == manifest["lineage"][1]["content"]
    assert json.loads(tags["stagecoach.lineage"]) == manifest["lineage"]
    (dataset,) = run["inputs"]["dataset_inputs"]
    assert dataset["dataset"]["name"] == "houses.csv"
    assert manifest["lineage"][0]["sha256"].startswith(dataset["dataset"]["digest"])


def test_the_files_of_a_model_are_artifacts(tracked: Volume, server: Server) -> None:
    (run,) = server.runs(tracked.pipeline, MODEL_ID, tracked.ids[0])
    listing = server.get("artifacts/list", run_id=run["info"]["run_id"]).json()["files"]

    assert [file["path"] for file in listing] == [
        "examples.jsonl",
        "model-card.md",
        "model.json",
        "model.onnx",
        "reference.json",
        "report.html",
        "verdict.json",
    ]


def test_each_trial_is_a_run_below_with_its_score(tracked: Volume, server: Server) -> None:
    candidates = tracked.document(tracked.ids[0])["candidates"]

    (parent,) = server.runs(tracked.pipeline, MODEL_ID, tracked.ids[0])
    trials = server.runs(tracked.pipeline, "mlflow.parentRunId", parent["info"]["run_id"])
    by_name = {trial["info"]["run_name"]: trial["data"] for trial in trials}
    for place, candidate in enumerate(candidates, start=1):
        data = by_name.pop(f"{place}. {candidate['name']}")
        assert values(data["metrics"])["cv_r2"] == candidate["score"]
        assert values(data["params"])["estimator"] == candidate["name"]
    assert by_name == {}


def test_a_second_run_logs_nothing(tracked: Volume, server: Server) -> None:
    again = tracked.track(server.url)

    assert again.stdout.startswith("track     unchanged: nothing new among 1 models")
    assert again.returncode == 0
    assert len(server.runs(tracked.pipeline, MODEL_ID, tracked.ids[0])) == 1
    assert len(server.versions(tracked.pipeline)) == 1


def test_what_was_logged_by_half_is_logged_anew(houses: Volume, server: Server) -> None:
    (model_id,) = houses.ids
    experiment = server.ask("experiments/create", name=houses.pipeline)["experiment_id"]
    for tag in (MODEL_ID, "stagecoach.trial_of"):
        tags = [{"key": tag, "value": model_id}]
        server.ask("runs/create", experiment_id=experiment, tags=tags)

    houses.log(server)

    (run,) = server.runs(houses.pipeline, MODEL_ID, model_id)
    assert run["info"]["status"] == "FINISHED"
    trials = server.runs(houses.pipeline, "stagecoach.trial_of", model_id)
    assert len(trials) == len(houses.document(model_id)["candidates"])


def test_the_alias_follows_latest(volume: Volume, server: Server) -> None:
    old, new = volume.add(EXAMPLES / "model"), volume.add(EXAMPLES / "penguins/model")
    volume.point(new)
    volume.log(server)
    before = server.live(volume.pipeline)
    volume.point(old)

    volume.log(server)

    assert values(before["tags"])[MODEL_ID] == new
    assert values(server.live(volume.pipeline)["tags"])[MODEL_ID] == old
    assert len(server.versions(volume.pipeline)) == 2


def test_a_refused_model_is_registered_once_it_is_accepted(volume: Volume, server: Server) -> None:
    model_id = volume.add(EXAMPLES / "model")
    volume.judge(model_id, {"accepted": False, "reasons": ["r2 0.2 is below 0.9"]})

    volume.log(server)

    (run,) = server.runs(volume.pipeline, MODEL_ID, model_id)
    tags = values(run["data"]["tags"])
    assert (tags["stagecoach.gate"], tags["stagecoach.gate.reasons"]) == (
        "refused",
        "r2 0.2 is below 0.9",
    )
    assert server.versions(volume.pipeline) == []

    override = {"when": "2026-03-02", "who": "ann@desk", "why": "a new market"}
    volume.judge(model_id, {"accepted": True, "reasons": ["…"], "override": override})
    volume.point(model_id)
    volume.log(server)

    (run,) = server.runs(volume.pipeline, MODEL_ID, model_id)
    assert values(run["data"]["tags"])["stagecoach.gate"] == "accepted by hand"
    assert server.live(volume.pipeline)["run_id"] == run["info"]["run_id"]


def test_a_damaged_model_keeps_no_other_from_being_logged(volume: Volume, server: Server) -> None:
    damaged, live = volume.add(EXAMPLES / "penguins/model"), volume.add(EXAMPLES / "model")
    volume.point(live)
    with (volume.path / damaged / "model.json").open("ab") as file:
        file.write(b" ")

    with pytest.raises(ContractError, match=f"{damaged}: model.json does not match"):
        volume.log(server)

    assert len(server.runs(volume.pipeline, MODEL_ID, live)) == 1
    assert server.runs(volume.pipeline, MODEL_ID, damaged) == []


def test_names_that_mlflow_does_not_take_are_made_plain(volume: Volume, server: Server) -> None:
    model_id = volume.add(EXAMPLES / "model")
    settings = {"threshold": {"cost": {"fruit & nut": {"a//b": 5}, "fruit | nut": {"a//b": 6}}}}
    settings["c" * 300] = {"d": {"e": 7}}
    manifest = json.loads((volume.path / model_id / "manifest.json").read_bytes())
    manifest["settings"] = json.dumps(settings)
    manifest["lineage"][0]["source"] = "https://example.org/" + "s" * 700
    (volume.path / model_id / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    volume.log(server)

    (run,) = server.runs(volume.pipeline, MODEL_ID, model_id)
    params = values(run["data"]["params"])
    assert run["info"]["status"] == "FINISHED"
    assert params["train.threshold.cost.fruit _ nut.a__b"] == "5"
    assert params["train.threshold.cost.fruit _ nut.a__b_2"] == "6"
    assert "train." + "c" * 244 in params
    (dataset,) = run["inputs"]["dataset_inputs"]
    assert dataset["dataset"]["name"] == "https://example.org/" + "s" * 480


def test_a_model_that_mlflow_refuses_keeps_no_other_from_being_logged(
    volume: Volume, server: Server
) -> None:
    refused, live = volume.add(EXAMPLES / "penguins/model"), volume.add(EXAMPLES / "model")
    volume.point(live)
    # Of a clock that was wrong; MLflow takes no time before 1970, and says so once a run is made.
    times = json.dumps(RUN | {"finished": "1960-03-01T10:00:30+00:00"})
    (volume.path / refused / "run.json").write_text(times, encoding="utf-8")

    expected = f"{refused}: MLflow refuses this model: .*timestamp"
    for _ in range(2):
        with pytest.raises(ContractError, match=expected):
            volume.log(server)

    assert len(server.runs(volume.pipeline, MODEL_ID, live)) == 1
    assert server.live(volume.pipeline)["tags"] == [{"key": MODEL_ID, "value": live}]
    assert server.runs(volume.pipeline, MODEL_ID, refused) == []
    assert server.runs(volume.pipeline, "stagecoach.trial_of", refused) == []


def test_a_model_whose_named_graph_says_something_else_is_not_logged(
    houses: Volume, server: Server
) -> None:
    (model_id,) = houses.ids
    path = houses.path / model_id
    first, *others = (path / "examples.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    example = json.loads(first)
    example["expected"] *= 1.0001
    replace(path, "examples.jsonl", "".join([json.dumps(example) + "\n", *others]))

    with pytest.raises(ContractError, match=r"with named columns its graph differs by 0\.0001"):
        houses.log(server)

    assert server.runs(houses.pipeline, MODEL_ID, model_id) == []


def test_artifacts_that_the_server_does_not_take_itself_are_78(
    houses: Volume, server: Server
) -> None:
    place = "s3://bucket/runs"
    server.ask("experiments/create", name=houses.pipeline, artifact_location=place)

    with pytest.raises(SettingsError, match="at s3://bucket/runs, expected mlflow-artifacts:/…"):
        houses.log(server)


def test_an_experiment_that_was_deleted_is_78(houses: Volume, server: Server) -> None:
    number = server.ask("experiments/create", name=houses.pipeline)["experiment_id"]
    server.ask("experiments/delete", experiment_id=number)

    with pytest.raises(SettingsError, match=f"its name stays taken; .* --experiment-id {number} "):
        houses.log(server)


def test_an_empty_volume_is_nothing_to_log(volume: Volume) -> None:
    ended = volume.track("http://127.0.0.1:1")

    assert ended.returncode == 0
    assert "no model was published yet" in ended.stdout
