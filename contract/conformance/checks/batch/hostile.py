"""Checks with hard but valid tables: a stage publishes the whole table, or refuses it with 65."""

from collections.abc import Iterable, Mapping, Sequence
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
OFTEN_REFUSED = "floats"
"""Numbers that a stage may be unable to encode; one refused column hides all others."""
COMBINATIONS: tuple[tuple[str, ...], ...] = (
    tuple(HARD_COLUMNS),
    tuple(name for name in HARD_COLUMNS if name != OFTEN_REFUSED),
)
"""Columns that are tried together: all, and if that fails, all but the one often refused."""


def check_alone(edge_case: EdgeCase) -> CheckFunction:
    """Return the check that runs a stage on one hard table."""

    def run_check(subject: Subject) -> None:
        # Skips the check if the stage does not publish the plain example.
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            _run_on([edge_case], subject, form)

    return run_check


def check_combined_first(name: str) -> CheckFunction:
    """Return a check that tries a table alone only if the combinations with it all failed."""

    def run_check(subject: Subject) -> None:
        # Skips the check if the stage does not publish the plain example.
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            combinations = (names for names in COMBINATIONS if name in names)
            if not any(_passes(subject, form, names) for names in combinations):
                _run_on([HARD_COLUMNS[name]], subject, form)

    return run_check


def _passes(subject: Subject, form: Form, names: Sequence[str]) -> bool:
    return subject.once(
        f"hostile {form} {', '.join(names)}", lambda: _all_pass(subject, form, names)
    )


def _all_pass(subject: Subject, form: Form, names: Sequence[str]) -> bool:
    try:
        _run_on([HARD_COLUMNS[name] for name in names], subject, form, must_publish=True)
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


def _promise_of(name: str) -> str:
    return f"{TABLE_DESCRIPTIONS[name]}: published completely, or refused with 65"


for _name, _hardening in FEW_ROWS.items():
    check(f"hostile-{_name}", promise=_promise_of(_name))(check_alone(_hardening))
for _name in HARD_COLUMNS:
    check(f"hostile-{_name}", promise=_promise_of(_name))(check_combined_first(_name))
