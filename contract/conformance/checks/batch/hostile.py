"""Checks with hard but valid tables: a stage publishes the whole table, or refuses it with 65."""

from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import CheckFunction, check
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.inputs.hard_tables import FEW_ROWS, HARD_COLUMNS, EdgeCase, Form
from conformance.inputs.houses import houses
from conformance.inputs.stage_input import stage_input
from conformance.validity.outcomes import check_outcome
from conformance.validity.whole import check_whole

FORMS: Mapping[str | None, tuple[Form, ...]] = MappingProxyType(
    {
        None: ("texts",),
        "raw-data": ("texts", "typed"),
        "clean-data": ("clean",),
        "feature-data": ("clean",),
    }
)
"""Forms of the table to try, by the kind that the stage reads; None is ingest."""
FORM_PREFIXES: Mapping[Form, str] = MappingProxyType(
    {"texts": "as from CSV: ", "typed": "typed, as from Parquet: ", "clean": ""}
)
"""Prefix of a fault's message, by form."""
TABLE_DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "empty": "a table without rows",
        "one-row": "a table of one row",
        "null-column": "columns without values",
        "names": "reserved, quoted and Unicode column names",
        "case": "column names that differ only in case",
        "texts": "quotes, line breaks, Unicode, long texts",
        "null-integers": "integers with missing values",
        "time-zones": "time zones, daylight saving time, years far from now",
        "unseen-category": "a category in a single row",
        "large-integers": "integers beyond 2⁵³",
        "floats": "NaN, infinity, the smallest and largest doubles",
    }
)


def check_alone(edge_case: EdgeCase) -> CheckFunction:
    """Return the check that runs a stage on one hard table."""

    def run_check(subject: Subject) -> None:
        # Skips the check if the stage does not publish the plain example.
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            _run_on([edge_case], subject, form)

    return run_check


def check_combined_first(edge_case: EdgeCase) -> CheckFunction:
    """Return a check that tries a table alone only if all hard columns together failed."""

    def run_check(subject: Subject) -> None:
        # Skips the check if the stage does not publish the plain example.
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            if not subject.once(f"hostile {form}", partial(_all_pass, subject, form)):
                _run_on([edge_case], subject, form)

    return run_check


def _all_pass(subject: Subject, form: Form) -> bool:
    try:
        _run_on(HARD_COLUMNS.values(), subject, form, must_publish=True)
    except Fault:
        return False
    return True


def _run_on(
    edge_cases: Iterable[EdgeCase], subject: Subject, form: Form, *, must_publish: bool = False
) -> None:
    table = houses()
    for apply in edge_cases:
        table = apply(table, form)
    made = stage_input(subject, table, form=form)
    run = subject.run(source=made.source)
    check_run = check_whole if must_publish else check_outcome
    try:
        check_run(subject, run, made.source, rows_in=made.rows)
    except Fault as fault:
        raise Fault(f"{FORM_PREFIXES[form]}{fault.what}", fault.fix) from None


for _tables, _make_check in ((FEW_ROWS, check_alone), (HARD_COLUMNS, check_combined_first)):
    for _name, _edge_case in _tables.items():
        _promise = f"{TABLE_DESCRIPTIONS[_name]}: published completely, or refused with 65"
        check(f"hostile-{_name}", promise=_promise)(_make_check(_edge_case))
