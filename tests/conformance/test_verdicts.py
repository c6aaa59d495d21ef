"""What the kit prints and writes about a fault: the whole of it, and how to check again."""

import json

import pytest
from conformance.harness.checking import Check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.report import as_json, closing_lines, document, fault_lines, summary
from conformance.harness.running import Verdict, find_out
from conformance.harness.subject import Subject
from stage_contract.artifacts.digests import CONTRACT_VERSION

LONG = "x" * 5_000


def verdict_of(result: Exception | None) -> Verdict:
    def ends(_subject: Subject) -> None:
        if result is not None:
            raise result

    return find_out(Check("greets", ("clean",), "it says hello", ends), None)  # type: ignore[arg-type]  # a check that needs no subject


def test_a_fault_names_the_worst_row_what_was_expected_and_how_to_check_again() -> None:
    row = {"size": 5.5, "colour": "grün"}
    verdict = verdict_of(Fault("it predicts\nwrongly", "look", row=row, expected=1.0, found=[2.0]))

    assert list(fault_lines(verdict, command="make conform STAGE=clean")) == [
        "FAULT  greets: it says hello",
        "       it predicts",
        "       wrongly",
        '       row:      {"size": 5.5, "colour": "grün"}',
        "       expected: 1.0",
        "       found:    [2.0]",
        "       fix:      look",
        "       again:    make conform STAGE=clean ONLY=greets",
    ]


def test_a_false_or_empty_value_is_told_too() -> None:
    lines = list(fault_lines(verdict_of(Fault("it", "fix", expected=False, found="")), command=""))

    assert "       expected: false" in lines
    assert "       found:    " in lines


def test_a_very_long_value_is_whole_in_the_json_report() -> None:
    verdict = verdict_of(Fault("it", "fix", found=LONG))

    [line] = [line for line in fault_lines(verdict, command="") if "found:" in line]
    [check] = json.loads(as_json(document([verdict], "image:1", "clean")))["checks"]
    assert line.endswith("… and 1,000 characters more, which the JSON report has")
    assert check["found"] == LONG


def test_skips_take_one_line_with_a_reason_for_several_checks() -> None:
    skipped = [verdict_of(Skipped(reason)) for reason in ("no log", "no log", "no gate")]

    assert list(closing_lines(skipped)) == ["skip   greets, greets (no log); greets (no gate)"]


HELD, SKIPPED, FAULTY = None, Skipped("no log"), Fault("it", "fix")


@pytest.mark.parametrize(
    ("results", "keeps", "how"),
    [
        ([HELD, SKIPPED], True, "1 hold, 0 do not, 1 skipped"),
        ([HELD, FAULTY], False, "1 hold, 1 do not, 0 skipped"),
    ],
)
def test_a_report_says_whether_the_contract_is_kept(
    results: list[Exception | None], *, keeps: bool, how: str
) -> None:
    verdicts = [verdict_of(result) for result in results]

    whether = "keeps" if keeps else "does not keep"
    last = summary(verdicts, "image:1", "clean")
    assert document(verdicts, "image:1", "clean")["keeps"] is keeps
    assert last == f"image:1 {whether} the contract of clean, version {CONTRACT_VERSION}: {how}"


def test_a_run_in_which_all_checks_were_skipped_checked_nothing() -> None:
    verdicts = [verdict_of(Skipped(reason)) for reason in ("no log", "no log", "no gate")]

    last = summary(verdicts, "image:1", "clean")
    assert document(verdicts, "image:1", "clean")["keeps"] is False
    assert last == (
        f"image:1: nothing was checked of the contract of clean, version {CONTRACT_VERSION}:"
        " all checks were skipped (no log; no gate)"
    )
