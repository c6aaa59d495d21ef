"""Hostile inputs: valid, and such as real tables are; a stage makes of them what it can."""

from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import CheckFunction, Fault, check
from conformance.harness.subject import Subject
from conformance.inputs.hard_tables import FEW_ROWS, HARD_COLUMNS, Form, Hardening
from conformance.inputs.houses import houses
from conformance.inputs.material import material
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
"""In what forms each kind of input is tried."""
ORIGINS: Mapping[Form, str] = MappingProxyType(
    {"texts": "as from CSV: ", "typed": "typed, as from Parquet: ", "clean": ""}
)
PROMISES: Mapping[str, str] = MappingProxyType(
    {
        "empty": "a table without rows",
        "one-row": "a table of one row",
        "null-column": "columns without any value",
        "names": "reserved, quoted and Unicode column names",
        "case": "column names that differ in case alone",
        "texts": "quotes, line breaks, Unicode, long texts",
        "null-integers": "integers of which some are missing",
        "time-zones": "other time zones, summer time, far years",
        "unseen-category": "a category of a single row",
        "large-integers": "integers beyond 2⁵³",
        "floats": "NaN, infinity, the ends of a double",
    }
)


def alone(hardening: Hardening) -> CheckFunction:
    """Return the check that puts one hard table before a stage."""

    def put(subject: Subject) -> None:
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            _try([hardening], subject, form)

    return put


def among_others(hardening: Hardening) -> CheckFunction:
    """Return the check of a table that is tried alone only if all together is not published."""

    def put(subject: Subject) -> None:
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            if not subject.once(f"hostile {form}", partial(_all_pass, subject, form)):
                _try([hardening], subject, form)

    return put


def _all_pass(subject: Subject, form: Form) -> bool:
    try:
        _try(HARD_COLUMNS.values(), subject, form, must_publish=True)
    except Fault:
        return False
    return True


def _try(
    hardenings: Iterable[Hardening], subject: Subject, form: Form, *, must_publish: bool = False
) -> None:
    table = houses()
    for harden in hardenings:
        table = harden(table, form)
    made = material(subject, table, form=form)
    run = subject.run(source=made.source)
    judge = check_whole if must_publish else check_outcome
    try:
        judge(subject, run, made.source, rows_in=made.rows)
    except Fault as fault:
        raise Fault(f"{ORIGINS[form]}{fault.what}", fault.fix) from None


for _tables, _way in ((FEW_ROWS, alone), (HARD_COLUMNS, among_others)):
    for _name, _hardening in _tables.items():
        _promise = f"{PROMISES[_name]}: published whole, or refused with 65"
        check(f"hostile-{_name}", promise=_promise)(_way(_hardening))
