"""What the kit says of a run that published nothing, and which checks it then leaves out."""

import json
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import conformance.checks  # noqa: F401  # registers them
import pytest
from conformance.harness.checking import CHECKS
from conformance.harness.containers import HARDENED, PIPELINE
from conformance.harness.faults import Fault
from conformance.harness.once import Once
from conformance.harness.running import find_out
from conformance.harness.runs import Run, last_lines
from conformance.harness.stages import BATCH, MEMORY
from conformance.harness.subject import Subject
from conformance.validity.outcomes import check_ending
from conformance.validity.published import published

ROOT = Path(__file__).parents[2]
MODEL = "0123456789abcdef"
NEED_NO_ARTIFACT = {
    *("owner", "user", "declared", "publishes"),
    *("read-only-root", "no-network", "plain-user", "small-tmp"),
}


def run_that_ended(folder: Path, code: int, log: str) -> Run:
    return Run(code, log, 1.0, folder)


def refused_run(folder: Path) -> Run:
    (folder / MODEL).mkdir()
    verdict = {"accepted": False, "reasons": ["the graph differs by 0.05", "no better than a mean"]}
    (folder / MODEL / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
    (folder / "REFUSED").write_text(f"{MODEL}\n", encoding="utf-8")
    return run_that_ended(folder, 0, "training\nrefused\n")


def test_the_last_five_lines_of_a_log_are_shown_with_escaped_control_characters() -> None:
    log = "one\ntwo\n\nthree\x1b[31m\nfour\u202e\nfive\nsix\u2028seven\n"

    assert last_lines(log) == "two\nthree\\x1b[31m\nfour\\u202e\nfive\nsix\\u2028seven"


def test_a_failed_run_is_told_with_the_lines_above_the_last(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        published(run_that_ended(tmp_path, 1, "syntax error in csv.awk\nReport the lines above\n"))

    assert caught.value.what == "exit code 1:\nsyntax error in csv.awk\nReport the lines above"


def test_the_page_of_the_fix_has_a_docker_run_with_every_restriction_of_the_kit(
    tmp_path: Path,
) -> None:
    with pytest.raises(Fault) as caught:
        published(run_that_ended(tmp_path, 78, "no such key"))
    [page] = re.findall(r"contract/\S+\.md", caught.value.fix)
    command = re.search(
        r"^docker run (?:.*\\\n)*.*$", (ROOT / page).read_text("utf-8"), re.MULTILINE
    )
    assert command is not None
    words = shlex.split(command[0])

    assert {flag for flag, value in HARDENED.items() if not has_option(words, flag, value)} == set()
    assert has_option(words, "network", "none")
    assert has_option(words, "memory", MEMORY["clean"])
    assert has_option(words, "env", f"PIPELINE={PIPELINE}")


def has_option(words: Sequence[str], name: str, value: Any) -> bool:
    """Return whether a docker command has an option that the SDK calls `name`."""
    option = f"--{name.replace('_', '-')}"
    match value:
        case True:
            return option in words
        case dict():
            wanted = [f"{path}:{options}" for path, options in value.items()]
        case list():
            wanted = value
        case _:
            wanted = [str(value)]
    return all(pair in pairwise(words) for pair in ((option, each) for each in wanted))


def test_a_refused_model_is_told_with_the_reasons_of_its_gate(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        published(refused_run(tmp_path))

    assert caught.value.what == (
        f"{MODEL} was refused by its own gate: the graph differs by 0.05; no better than a mean;"
        " its log ends with:\ntraining\nrefused"
    )


def test_a_model_that_its_gate_refused_is_not_called_unpublished(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="refused by its own gate"):
        check_ending(refused_run(tmp_path), 65)


def test_a_run_that_ends_well_and_publishes_nothing_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="published nothing; its log ends with:\nnothing to do"):
        published(run_that_ended(tmp_path, 0, "nothing to do\n"))


@pytest.mark.parametrize("stage", BATCH)
def test_no_check_runs_an_image_for_an_artifact_that_it_does_not_publish(
    stage: str, tmp_path: Path
) -> None:
    # Without an engine, a check that starts a container fails.
    subject = Subject(None, "image:1", stage)
    subject.folder = tmp_path
    subject.once("first", lambda: run_that_ended(tmp_path, 1, "a bug"))
    needy = [
        check for check in CHECKS if stage in check.stages and check.name not in NEED_NO_ARTIFACT
    ]

    verdicts = [find_out(check, subject) for check in needy]
    assert {v.check.name: v.what for v in verdicts if v.verdict != "skip"} == {}
    assert {v.what for v in verdicts} == {
        "the image publishes nothing from the tiny example; see the check `publishes`"
    }


def test_a_run_that_hangs_is_waited_for_once() -> None:
    once, runs = Once(), []

    def hang() -> None:
        runs.append("run")
        raise Fault("still running", "fix")

    for _ in range(2):
        with pytest.raises(Fault, match="still running"):
            once.make("first", hang)

    assert runs == ["run"]
