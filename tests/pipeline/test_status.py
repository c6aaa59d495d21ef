"""What `make status` finds, and its exit code: on copies of the contract's examples."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from history import lineage
from history.container_runs import ContainerRun
from history.containers import StageContainer, container_of
from history.status import Report, ServeState, reconfigured, status, with_new_files
from history.volumes import Volume, volumes
from serving.client import Readiness
from support.running import BATCH, KINDS, ROOT

EXAMPLES = ROOT / "contract/examples"
SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
RUNS = StageContainer("running", 0, is_resident=True, is_out_of_memory=False, restarts=0)
WORKS = StageContainer("running", 0, is_resident=False, is_out_of_memory=False, restarts=0)
ENDED = StageContainer("exited", 0, is_resident=False, is_out_of_memory=False, restarts=0)
KILLED = StageContainer("exited", 137, is_resident=True, is_out_of_memory=True, restarts=0)
UNSTARTED = replace(ENDED, status="created", exit_code=128, error="no IP")
LOOPS = StageContainer("restarting", 78, is_resident=True, is_out_of_memory=False, restarts=7)


@pytest.fixture
def live(tmp_path: Path) -> list[Volume]:
    for kind in KINDS:
        shutil.copytree(EXAMPLES / kind, tmp_path / kind)
    return volumes(tmp_path)


def all_of(container: StageContainer, **others: StageContainer) -> dict[str, StageContainer]:
    return dict.fromkeys(BATCH, container) | others


def serve_of(live: list[Volume], **options: Any) -> ServeState:
    return ServeState(RUNS, Readiness(model=live[3].latest), **options)


def make_features_due(live: list[Volume]) -> None:
    """Let what is live have been made from other rows than clean has published since."""
    artifact = live[2].open()
    inputs = [{"kind": "clean-data", "content": SHA256_OF_NOTHING}]
    manifest = json.dumps(artifact.manifest | {"inputs": inputs})
    (artifact.path / "manifest.json").write_text(manifest, encoding="utf-8")


def report(
    live: list[Volume],
    containers: dict[str, StageContainer],
    serve: ServeState | None = None,
) -> Report:
    return status(live, EXAMPLES, {}, containers=containers, serve=serve or serve_of(live))


def test_a_run_that_was_killed_wants_attention_until_something_is_published(
    live: list[Volume],
) -> None:
    later = time.time() + 60
    killed = {"train": ContainerRun(137, later, frozenset())}
    done = {"train": ContainerRun(137, time.time() - 60, frozenset())}

    found, well = (
        status(live, EXAMPLES, runs, containers=all_of(ENDED), serve=serve_of(live))
        for runs in (killed, done)
    )

    assert found.level == 1
    assert "train failed with exit code 137 and published nothing;" in "\n".join(found.lines())
    assert well.level == 0


@pytest.mark.parametrize(("offset_seconds", "named"), [(60, "exit code 137"), (-60, "code 78")])
def test_the_last_failure_of_a_stage_is_named(
    live: list[Volume], offset_seconds: int, named: str
) -> None:
    (live[3].path / "FAILED.json").write_text('{"exit_code": 78}', encoding="utf-8")
    killed = {"train": ContainerRun(137, time.time() + offset_seconds, frozenset())}

    found = status(live, EXAMPLES, killed, containers=all_of(ENDED), serve=serve_of(live))

    assert found.level == 1
    [failure] = [each.text for each in found.findings if "train failed" in each.text]
    assert named in failure


def test_a_source_file_that_can_not_be_read_is_a_finding_among_others(
    live: list[Volume], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: Path) -> str:
        raise PermissionError

    monkeypatch.setattr(lineage, "file_digest", denied)

    found = report(live, all_of(ENDED), ServeState())

    said = "\n".join(found.lines())
    assert found.level == 2
    assert "not readable for uid" in said
    assert "serve is not running, make up starts it" in said


def test_a_pipeline_file_that_changed_since_the_run_wants_attention(live: list[Volume]) -> None:
    found, watching = (reconfigured(report(live, all_of(container))) for container in (ENDED, RUNS))

    assert found.level == 1
    assert "due: the pipeline file has changed since the stages ran" in "\n".join(found.lines())
    assert watching.level == 0


def test_a_file_that_was_added_to_the_source_is_due_unless_a_stage_keeps_running(
    live: list[Volume],
) -> None:
    newer = ["houses.csv", "many/b.csv", "many/a.csv", "many/_SUCCESS", ".hidden/c.csv"]

    found, watching = (
        with_new_files(report(live, all_of(container)), newer, live[0])
        for container in (ENDED, RUNS)
    )
    known = with_new_files(report(live, all_of(ENDED)), ["houses.csv", "_x"], live[0])

    assert found.level == 1
    assert found.findings[-1].text == (
        "due: data/many/a.csv and 1 more: added since ingest ran; make rerun runs what is due"
    )
    assert (watching.level, known.level) == (0, 0)


def test_all_is_well_where_serve_answers_with_the_latest_model(live: list[Volume]) -> None:
    found = report(live, all_of(ENDED))

    assert found.level == 0
    assert [*found.lines()][-1] == f"serve answers with model {live[3].latest}"
    assert found.mode.startswith("batch, ")


@pytest.mark.parametrize("container", [RUNS, WORKS])
def test_what_is_under_way_is_not_told_as_missing(
    live: list[Volume], container: StageContainer
) -> None:
    make_features_due(live)
    (live[2].path / ".draft-x").mkdir()

    resting = report(live, all_of(ENDED))
    working = report(live, all_of(ENDED, features=container, train=container))

    assert resting.level == 1
    assert "due: feature-data " in "\n".join(resting.lines())
    assert working.level == 0
    assert "features" in working.working
    assert "not made from" not in "\n".join(working.lines())


@pytest.mark.parametrize(
    ("container", "failure", "advised"),
    [(RUNS, "", ""), (RUNS, '{"exit_code": 65}', "make watch"), (ENDED, "", "make rerun")],
)
def test_a_file_of_several_that_is_gone_is_left_out_by_a_stage_that_keeps_running(
    live: list[Volume], container: StageContainer, failure: str, advised: str
) -> None:
    raw = live[0].open()
    gone = {"source": "more.csv", "bytes": 1, "sha256": SHA256_OF_NOTHING}
    manifest = raw.manifest | {"inputs": [*raw.manifest["inputs"], gone]}
    (raw.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    if failure:
        (live[0].path / "FAILED.json").write_text(failure, encoding="utf-8")

    found = report(live, all_of(container))

    said = "\n".join(found.lines())
    assert ("more.csv: no such file" in said) == bool(advised)
    assert f"or run {advised} if the source is complete without it" in said or not advised
    assert "the lineage is complete" not in said
    assert found.level == (2 if advised else 0)


@pytest.mark.parametrize("dead", [KILLED, LOOPS])
def test_a_stage_that_no_longer_stays_is_broken_though_the_chain_holds(
    live: list[Volume], dead: StageContainer
) -> None:
    found = report(live, all_of(RUNS, train=dead))

    assert found.level == 2
    assert found.mode.startswith("watch, 3 of 4 stages are running")
    assert f"broken: train {dead.end}; no new data is processed" in "\n".join(found.lines())


def test_a_due_stage_beside_one_that_no_longer_stays_does_not_end_watch_mode(
    live: list[Volume],
) -> None:
    make_features_due(live)

    said = "\n".join(report(live, all_of(RUNS, features=KILLED)).lines())

    assert "features has not run since, make watch" in said
    assert "make rerun" not in said


@pytest.mark.parametrize("failure", ["killed", "failed", "dead"])
def test_the_lineage_is_not_called_complete_above_a_failure(
    live: list[Volume], failure: str
) -> None:
    runs = (
        {"train": ContainerRun(137, time.time() + 60, frozenset())} if failure == "killed" else {}
    )
    if failure == "failed":
        (live[1].path / "FAILED.json").write_text('{"exit_code": 78}', encoding="utf-8")
    containers = all_of(RUNS, train=KILLED) if failure == "dead" else all_of(ENDED)

    found = status(live, EXAMPLES, runs, containers=containers, serve=serve_of(live))

    assert found.level > 0
    assert "the lineage is complete" not in "\n".join(found.lines())


@pytest.mark.parametrize(
    ("made_from", "head"),
    [
        ("", "train differs from its settings and image; make watch replaces it:"),
        ("/a", "train differs from the files of this folder; make status compares it"),
    ],
)
def test_a_stage_that_stays_and_differs_from_the_files_wants_attention(
    live: list[Volume], made_from: str, head: str
) -> None:
    older = replace(RUNS, differences=["memory 4096m → 8192m"])

    found = report(live, all_of(RUNS, train=older), serve_of(live, made_from=made_from))

    assert found.level == 1
    said = "\n".join(found.lines())
    assert head in said
    assert "\n  memory 4096m → 8192m" in said


def test_a_stage_that_has_no_container_in_watch_mode_is_broken(live: list[Volume]) -> None:
    containers = all_of(RUNS)
    del containers["clean"]

    found = report(live, containers)

    assert found.level == 2
    assert "broken: clean has no container" in "\n".join(found.lines())


def test_a_stage_that_runs_once_beside_those_that_stay_is_well(live: list[Volume]) -> None:
    assert report(live, all_of(RUNS, clean=ENDED)).level == 0


@pytest.mark.parametrize(
    ("serve", "level", "said"),
    [
        (ServeState(), 1, "serve is not running, make up starts it"),
        (ServeState(ENDED), 2, "serve is not running, make up starts it"),
        (ServeState(KILLED), 2, "serve is not running: exited with 137, out of memory, make up"),
        (
            ServeState(UNSTARTED),
            2,
            "serve is not running: Docker could not start it: no IP",
        ),
        (
            ServeState(LOOPS),
            2,
            "serve is not running: exits with 78 and Docker keeps restarting it",
        ),
        (ServeState(RUNS, Readiness(reason="none yet")), 2, "serve has no model: none yet"),
        (
            ServeState(RUNS, Readiness("a" * 16, {"id": "b" * 16, "reason": "slow"})),
            1,
            f"serve answers with model {'a' * 16}; it refuses {'b' * 16}: slow",
        ),
        (ServeState(RUNS, Readiness("a" * 16)), 1, f"model {'a' * 16}, not with the latest"),
    ],
)
def test_a_serve_that_does_not_answer_as_it_should_is_told(
    live: list[Volume], serve: ServeState, level: int, said: str
) -> None:
    found = report(live, all_of(ENDED), serve)

    assert found.level == level
    assert said in [*found.lines()][-1]


def test_the_lineage_is_called_complete_by_what_was_compared(live: list[Volume]) -> None:
    said = "\n".join(report(live, all_of(ENDED)).lines())

    assert (
        "the lineage is complete, from source to model, by file sizes and recorded digests;"
        " make verify reads every byte"
    ) in said


def damage(volume: Volume, name: str) -> None:
    """Change a byte of the latest artifact; its size stays."""
    file = volume.open().path / name
    file.write_bytes(file.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize("answering", ["a" * 16, None])
def test_a_model_that_is_refused_since_it_is_damaged_is_broken(
    live: list[Volume], answering: str | None
) -> None:
    latest = live[3].latest
    refused = {"id": latest, "reason": "its artifact breaks the contract"} if answering else None
    damage(live[3], "model.onnx")

    found = report(live, all_of(ENDED), ServeState(RUNS, Readiness(answering, refused)))

    said = [*found.lines()]
    assert (found.level, found.as_json()["state"]) == (2, "broken")
    assert f"model {latest} is damaged: " in said[-1]
    assert "model.onnx does not match its SHA-256" in said[-1]
    assert "make repair makes it again" in said[-1]
    assert "the lineage is complete" not in "\n".join(said)


@pytest.mark.parametrize("refused", ["b" * 16, None, "../model"])
def test_a_model_that_is_refused_for_another_reason_wants_attention(
    live: list[Volume], refused: str | None
) -> None:
    said = {"id": refused or live[3].latest, "reason": "slow"}

    found = report(live, all_of(ENDED), ServeState(RUNS, Readiness("a" * 16, said)))

    assert [*found.lines()][-1].endswith(f"it refuses {said['id']}: slow")
    assert found.level == 1


def test_a_serve_that_is_dead_in_watch_mode_starts_again_without_ending_it(
    live: list[Volume],
) -> None:
    found = report(live, all_of(RUNS), ServeState(ENDED))

    assert [*found.lines()][-1] == "serve is not running, make watch starts it"


def test_a_serve_that_differs_in_watch_mode_is_replaced_without_ending_it(
    live: list[Volume],
) -> None:
    found = report(live, all_of(RUNS), serve_of(live, differences=["port 8000 → 8001"]))

    assert "differs from its settings and image; make watch replaces it:" in "\n".join(
        found.lines()
    )


def test_a_serve_of_another_folder_is_not_said_to_be_replaced(live: list[Volume]) -> None:
    serve = serve_of(live, differences=["mount /config: /a → /b"], made_from="/a")

    found = report(live, all_of(ENDED), serve)

    said = "\n".join(found.lines())
    assert "the containers were started from /a; run commands for them there" in said
    assert "serve differs from the files of this folder" in said
    assert "replaces it" not in said


def test_differences_and_wrong_settings_of_serve_want_attention(live: list[Volume]) -> None:
    changed = report(live, all_of(ENDED), serve_of(live, differences=["port 8000 → 8001"]))
    serve = serve_of(live, settings_error="max_row is no setting", settings_remedy="correct that")
    (live[1].path / "FAILED.json").write_text('{"exit_code": 78}', encoding="utf-8")
    wrong = report(live, all_of(ENDED), serve)

    assert (changed.level, wrong.level) == (1, 1)
    assert "  port 8000 → 8001" in "\n".join(changed.lines())
    assert wrong.findings[0].text == (
        "serve would not start again: max_row is no setting; correct that"
    )


def test_machines_get_the_same_as_people(live: list[Volume]) -> None:
    found = report(live, all_of(RUNS, train=KILLED)).as_json()

    assert (found["level"], found["state"], found["mode"]) == (2, "broken", "watch")
    assert [stage["stage"] for stage in found["stages"]] == list(BATCH)
    assert isinstance(found["stages"][0]["rows"], int)
    assert json.dumps(found)


def test_a_refused_model_is_a_finding_for_machines(live: list[Volume]) -> None:
    model = live[3].open()
    refused = live[3].path / ("0" * 16)
    shutil.copytree(model.path, refused)
    (refused / "manifest.json").write_text(json.dumps(model.manifest | {"id": refused.name}))
    (refused / "verdict.json").write_text('{"accepted": false, "reasons": ["too bad"]}')
    (live[3].path / "REFUSED").write_text(refused.name)

    found = report(live, all_of(ENDED)).as_json()

    [attention] = [each["text"] for each in found["findings"] if each["level"] == found["level"]]
    assert found["level"] == 1
    assert f"train refused model {refused.name}: too bad" in attention


def test_what_docker_says_of_a_start_that_failed_is_told_without_its_ids() -> None:
    described = {
        "State": {
            "Status": "created",
            "ExitCode": 128,
            "OOMKilled": False,
            "Error": f"endpoint serve-1 ({'ab' * 32}): cannot assign requested address",
        },
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
        "RestartCount": 0,
        "Config": {"Labels": {"com.docker.compose.service": "serve"}},
    }

    serve = container_of({"containers": [described]}, "serve")

    assert serve is not None
    assert serve.end == (
        "Docker could not start it: endpoint serve-1: cannot assign requested address"
    )


def test_the_newest_container_of_a_service_counts() -> None:
    def described(status: str, service: str) -> dict[str, Any]:
        return {
            "State": {"Status": status, "ExitCode": 1, "OOMKilled": False},
            "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
            "RestartCount": 0,
            "Config": {"Labels": {"com.docker.compose.service": service}},
        }

    containers = [
        described("exited", "clean"),
        described("running", "train"),
        described("exited", "train"),
    ]

    train = container_of({"containers": containers}, "train")

    assert train is not None
    assert (train.is_running, train.is_resident) == (True, True)
    assert container_of({"containers": containers}, "serve") is None
