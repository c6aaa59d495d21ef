"""The checks of batch stages find a fault in what a run left; no container is started."""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from conformance.checks.batch import causes, large, refusals, settings, volumes
from conformance.checks.batch.causes import check_kept
from conformance.checks.batch.endings import check_interrupted
from conformance.checks.batch.ingest import check_link_refused
from conformance.checks.batch.logs import check_members
from conformance.checks.batch.repeating import (
    DEAD_DRAFT,
    STALE_ID,
    check_no_stale_refusal,
    check_tidied,
)
from conformance.checks.batch.settings import check_effective
from conformance.checks.batch.volumes import HELD, OLD, check_waited
from conformance.harness.faults import Fault
from conformance.harness.once import Once
from conformance.harness.runs import Run
from conformance.harness.subject import SETTINGS, Subject
from conformance.validity.declared import other_values
from conformance.validity.lineage import latest_artifact
from conformance.validity.manifests import check_documents, check_manifest
from conformance.validity.published import Published
from conformance.validity.rows import check_counts
from support.running import ROOT

ID = "0123456789abcdef"
SCHEMA = {
    "properties": {
        "delimiter": {"enum": [None, ",", ";"], "default": ","},
        "header": {"type": "boolean", "default": True},
        "parts": {"type": "integer", "maximum": 5, "default": 5},
        "skip": {"type": "integer", "default": 0},
        "source": {"type": "string"},
    }
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that published nothing."""
    return Run(0, "done", 1.0, tmp_path)


def manifest_with(settings: str) -> Published:
    first = latest_artifact(ROOT / "contract/examples/raw-data")
    return Published(first.path, first.manifest | {"settings": settings})


@pytest.mark.parametrize("text", [r'{"rule":"a \u003c b"}', r'{"rule":"\\u00e9\u0007"}'])
def test_an_escape_of_an_ascii_character_in_settings_is_right(text: str) -> None:
    check_manifest(manifest_with(text), "raw-data")


@pytest.mark.parametrize("text", [r'{"rule":"\u00e9"}', r'{"rule":"\u0394"}', '{"rule": 1}'])
def test_settings_in_another_form_are_found(text: str) -> None:
    with pytest.raises(Fault, match="settings is not in its one form"):
        check_manifest(manifest_with(text), "raw-data")


@pytest.mark.parametrize("reasons", [{"malformed line": 1}, {"malformed line": 1, "other": 0}])
def test_right_counts_by_reason_have_no_fault(reasons: dict[str, int]) -> None:
    check_counts(counting(reasons))


@pytest.mark.parametrize(
    "reasons",
    [
        {},
        {"malformed line": 2},
        {"malformed line": 0},
        {"row missing": 1},
        {"malformed line": 1, "duplicate": 1},
    ],
)
def test_other_counts_than_those_of_the_lines_are_found(reasons: dict[str, int]) -> None:
    with pytest.raises(Fault, match="does not count the reasons"):
        check_counts(counting(reasons))


def test_duplicates_are_in_no_count_by_reason() -> None:
    check_counts(latest_artifact(ROOT / "contract/examples/clean-data"))


def counting(reasons: dict[str, int]) -> Published:
    first = latest_artifact(ROOT / "contract/examples/raw-data")
    return Published(
        first.path,
        first.manifest | {"metrics": {"rejected": 1, "rejected_by_reason": reasons}},
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"build": "9f86d081884c7d65"},
        {"build": {"code": 1}},
        {"ancestors": "4242ba421fa3f44a"},
        {"ancestors": [{"id": "4242ba421fa3f44a"}]},
        {"seconds": "1.5"},
        {"selection": {"ingest": []}},
    ],
)
def test_a_run_record_of_another_form_is_found(tmp_path: Path, facts: dict[str, object]) -> None:
    with pytest.raises(Fault, match=r"run\.json"):
        check_documents(with_run(facts, tmp_path))


def test_a_right_run_record_has_no_fault(tmp_path: Path) -> None:
    facts = {"build": {"code": "9f86d081884c7d65"}, "ancestors": [], "seconds": 1.5}

    check_documents(with_run(facts, tmp_path))


def with_run(facts: dict[str, object], folder: Path) -> Published:
    first = latest_artifact(ROOT / "contract/examples/raw-data")
    path = Path(shutil.copytree(first.path, folder / first.path.name))
    (path / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return Published(path, first.manifest)


EVENT = {"time": "2026-11-24T20:06:54.123Z", "level": "info", "stage": "ingest", "event": "works"}


def test_a_line_of_json_with_all_members_is_right() -> None:
    check_members(EVENT | {"rows": 5}, "ingest")


@pytest.mark.parametrize(
    ("name", "value"),
    [("time", "20:06"), ("time", None), ("level", "note"), ("stage", "clean"), ("event", None)],
)
def test_a_line_of_json_without_a_member_is_found(name: str, value: object) -> None:
    with pytest.raises(Fault, match=f"a line has no right {name}$"):
        check_members(EVENT | {name: value}, "ingest")


def test_other_bytes_are_kept_under_the_first_digits_of_their_content(tmp_path: Path) -> None:
    first, run = artifact("0123456789", "{}"), Run(70, "differs", 1.0, tmp_path)
    (tmp_path / "LATEST").write_text(f"{ID}\n", encoding="utf-8")
    (tmp_path / f".differs-{ID}-0123456789").mkdir()

    with pytest.raises(Fault, match="different bytes"):
        check_kept(run, first)

    (tmp_path / f".differs-{ID}-01234567").mkdir()
    check_kept(run, first)


def ended_with(code: int, folder: Path) -> Callable[[float], Run]:
    return lambda _moment: Run(code, "stopped", 1.0, folder)


def artifact(content: str, settings: str) -> Published:
    return Published(Path(ID), {"content": content, "settings": settings})


def test_a_setting_is_given_another_valid_value() -> None:
    table = {"source": "houses.csv", "skip": 2}

    assert other_values(SCHEMA, table) == {"delimiter": ";", "header": False, "skip": 3}


def test_other_content_with_equal_settings_is_found() -> None:
    first = artifact("aa", '{"source":"houses.csv"}')

    with pytest.raises(Fault, match="a different header changes the artifact"):
        check_effective(first, artifact("bb", '{"source":"houses.csv"}'), "header")


@pytest.mark.parametrize("other", [("bb", '{"header":false}'), ("aa", '{"header":true}')])
def test_other_settings_and_equal_content_are_right(other: tuple[str, str]) -> None:
    check_effective(artifact("aa", '{"header":true}'), artifact(*other), "header")


@pytest.mark.parametrize(("signal", "code"), [("SIGTERM", 143), ("SIGTERM", 130), ("SIGINT", 130)])
def test_the_exit_code_of_a_signal_is_right(signal: str, code: int, tmp_path: Path) -> None:
    check_interrupted(ended_with(code, tmp_path), signal, seconds=2.0, shares=[0.5])


@pytest.mark.parametrize(
    ("signal", "code", "expected"), [("SIGINT", 143, 130), ("SIGTERM", 1, 143)]
)
def test_another_exit_code_of_a_signal_is_found(
    signal: str, code: int, expected: int, tmp_path: Path
) -> None:
    with pytest.raises(Fault, match=f"after {signal} exit code {code}: .*; expected {expected}"):
        check_interrupted(ended_with(code, tmp_path), signal, seconds=2.0, shares=[0.5])


def test_a_run_that_ignores_a_signal_is_found(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="after SIGINT it runs to its end"):
        check_interrupted(ended_with(0, tmp_path), "SIGINT", seconds=2.0, shares=[0.5, 0.25])


def test_a_run_that_is_faster_than_the_one_before_is_interrupted_earlier(tmp_path: Path) -> None:
    delays = []

    def run_until(delay: float) -> Run:
        delays.append(delay)
        return Run(143 if delay < 2.0 else 0, "stopped", min(delay, 2.0), tmp_path)

    check_interrupted(run_until, "SIGTERM", seconds=20.0, shares=[0.5, 0.25, 0.1])

    assert delays == [10.0, 0.5]


def test_a_draft_of_a_dead_run_that_stays_is_found(run: Run) -> None:
    (run.out / DEAD_DRAFT).mkdir()

    with pytest.raises(Fault, match=r"left \.draft-dead"):
        check_tidied(run, run, "a skip")


def test_a_failure_that_stays_is_found_if_the_stage_wrote_one(run: Run, tmp_path: Path) -> None:
    failed = Run(78, "wrong", 1.0, tmp_path / "failed")
    failed.out.mkdir()
    (run.out / "FAILED.json").write_text("{}", encoding="utf-8")
    check_tidied(run, failed, "a stage without it")
    (failed.out / "FAILED.json").write_text("{}", encoding="utf-8")

    with pytest.raises(Fault, match=r"left FAILED\.json"):
        check_tidied(run, failed, "a skip")


def test_an_artifact_that_appears_while_the_volume_is_locked_is_found(run: Run) -> None:
    check_waited(run)
    (run.out / ID).mkdir()

    with pytest.raises(Fault, match="while another process held the lock"):
        check_waited(run)


@pytest.fixture
def pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What a run with `keep = 1` left; without a setting, another run keeps all artifacts."""
    left, other = (Run(0, "done", 1.0, tmp_path / name) for name in ("pruned", "other"))
    for name in (HELD, OLD, ID):
        (other.out / name).mkdir(parents=True)
        (left.out / name).mkdir(parents=True)
    (left.out / OLD).rmdir()

    def with_old_ones(subject: Subject, settings: str) -> Run:
        return left if "keep" in tomllib.loads(settings)[subject.stage] else other

    monkeypatch.setattr(volumes, "_run_with_old_ones", with_old_ones)
    monkeypatch.setattr(volumes, "first_artifact", lambda _subject: Published(left.out / ID, {}))
    return left


def subject_with(settings: str) -> Subject:
    fake = SimpleNamespace(stage="train", settings=settings, once=lambda _name, make: make())
    return cast(Subject, fake)


@pytest.mark.usefixtures("pruned")
@pytest.mark.parametrize("settings", ["[train]\ntrials = 2\n", "[train]\nkeep = 1\n"])
def test_keep_is_checked_without_a_setting_whatever_the_pipeline_file_sets(settings: str) -> None:
    volumes.keep(subject_with(settings))


def test_an_artifact_that_is_too_old_is_found_unless_the_new_one_was_refused(pruned: Run) -> None:
    (pruned.out / OLD).mkdir()

    with pytest.raises(Fault, match="with keep = 1 in"):
        volumes.keep(subject_with("[train]\n"))

    (pruned.out / "REFUSED").write_text(f"{ID}\n", encoding="utf-8")
    volumes.keep(subject_with("[train]\n"))


@pytest.mark.parametrize(
    ("module", "check"),
    [(settings, "others_settings"), (causes, "paths"), (refusals, "newer_minor")],
)
def test_surroundings_that_fail_together_are_tried_alone(
    module: ModuleType, check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[dict[str, object]] = []

    def run(**options: object) -> Run:
        ran.append(options)
        return Run(78, "[serve] no_such_setting is not a setting", 1.0, tmp_path)

    fake = SimpleNamespace(
        stage="clean",
        settings=SETTINGS,
        reads="raw-data",
        example=ROOT / "contract/examples/raw-data",
        scratch=lambda: Path(tempfile.mkdtemp(dir=tmp_path)),
        copy_of_example=lambda: tmp_path,
        once=lambda _name, make: make(),
        run=run,
    )
    monkeypatch.setattr(module, "first_artifact", lambda _subject: None)
    shutil.copytree(fake.example, tmp_path, dirs_exist_ok=True)

    with pytest.raises(Fault, match="exit code 78"):
        getattr(module, check)(cast(Subject, fake))

    together, alone = ran
    assert together.keys() == {"source", "environment"}
    assert alone != together


@pytest.mark.parametrize(("seconds", "rows"), [(61.0, 30), (5.0, 300)])
def test_an_interrupted_run_has_as_many_rows_as_take_six_seconds(
    seconds: float, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources: list[Path] = []
    fake = SimpleNamespace(
        stage="ingest",
        seed=1,
        reads=None,
        first=Run(0, "done", 1.0, tmp_path),
        run=lambda **_options: Run(0, "done", seconds, tmp_path),
        once=Once().make,
        scratch=lambda: Path(tempfile.mkdtemp(dir=tmp_path)),
        volumes=SimpleNamespace(make=sources.append),
    )
    monkeypatch.setattr(large, "ROWS", {"ingest": 300})
    monkeypatch.setattr(large, "TMP_BYTES", 30_000)
    subject = cast(Subject, fake)

    large.long_volume(subject)

    assert large.long_seconds(subject) == pytest.approx(min(seconds, 6.9), abs=0.1)
    lines = (sources[-1] / "houses.csv").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("n") for line in lines) == rows


def test_a_refusal_of_an_earlier_run_that_stays_is_found(run: Run) -> None:
    check_no_stale_refusal(run)
    (run.out / "REFUSED").write_text(f"{ID}\n", encoding="utf-8")
    check_no_stale_refusal(run)
    (run.out / "REFUSED").write_text(f"{STALE_ID}\n", encoding="utf-8")

    with pytest.raises(Fault, match="left REFUSED of an earlier run"):
        check_no_stale_refusal(run)


@pytest.mark.parametrize("code", [65, 78])
def test_a_link_out_of_the_input_may_be_refused_with_either_code(code: int, tmp_path: Path) -> None:
    check_link_refused(Run(code, "houses.csv leads out of /data/in", 1.0, tmp_path), "houses.csv")


@pytest.mark.parametrize(("code", "match"), [(0, "by a link, and the run"), (1, "expected 65")])
def test_a_link_out_of_the_input_that_is_not_refused_is_found(
    code: int, match: str, tmp_path: Path
) -> None:
    with pytest.raises(Fault, match=match):
        check_link_refused(Run(code, "published", 1.0, tmp_path), "houses.csv")


def subject_that_accepts(accepted: str, folder: Path, *, stage: str) -> Subject:
    """A stage that checks its pipeline file, except for one key of the top level."""

    def run(*, settings: str, seconds: float) -> Run:
        _ = seconds
        (key,) = tomllib.loads(settings)
        if key == accepted:
            return Run(1, "no such column", 1.0, folder)
        return Run(78, f"houses.toml: {key} is wrong", 1.0, folder)

    return cast(Subject, SimpleNamespace(stage=stage, settings="", run=run))


@pytest.mark.parametrize(
    ("stage", "key"),
    [
        ("ingest", "source"),
        ("features", "target"),
        ("features", "name"),
        ("train", "ingest"),
        ("serve", "no_such_key"),
    ],
)
def test_a_wrong_top_level_that_a_stage_does_not_refuse_is_found(
    stage: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "first_artifact", lambda _subject: None)
    settings.top_level(subject_that_accepts("", tmp_path, stage=stage))

    with pytest.raises(Fault, match=f"with {key} = . at the top level"):
        settings.top_level(subject_that_accepts(key, tmp_path, stage=stage))


def test_a_line_that_does_not_name_the_wrong_key_is_a_fault_of_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "first_artifact", lambda _subject: None)
    refused = Run(78, "the pipeline file is wrong", 1.0, tmp_path)
    fake = SimpleNamespace(stage="train", settings="", run=lambda **_options: refused)
    settings.top_level(cast(Subject, fake))
    fake.stage = "features"

    with pytest.raises(Fault, match=r"with target = 5 .* does not name target"):
        settings.top_level(cast(Subject, fake))
