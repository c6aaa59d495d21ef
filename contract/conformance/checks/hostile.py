"""Hostile inputs: valid, and such as real tables are; a stage makes of them what it can."""

from collections.abc import Mapping
from types import MappingProxyType

from conformance.checking import CheckFunction, Fault, check
from conformance.checks.first import first_artifact
from conformance.inputs.hard_tables import HARD_TABLES, Form, HardTable
from conformance.inputs.material import material
from conformance.subject import Subject
from conformance.validity.outcomes import check_outcome

FORMS: Mapping[str | None, tuple[Form, ...]] = MappingProxyType(
    {
        None: ("texts",),
        "raw-data": ("texts", "typed"),
        "clean-data": ("clean",),
        "feature-data": ("clean",),
    }
)
"""In what forms each kind of input is tried."""

PROMISES: Mapping[str, str] = MappingProxyType(
    {
        "empty": "a table without rows",
        "one-row": "a table of one row",
        "null-column": "columns without any value",
        "names": "reserved, quoted and Unicode column names",
        "case": "column names that differ in case alone",
        "texts": "quotes, line breaks, Unicode and very long texts",
        "null-integers": "integers of which some are missing",
        "time-zones": "other time zones, summer time, far years",
        "unseen-category": "a category of a single row",
        "large-integers": "integers beyond 2⁵³",
        "floats": "NaN, infinity, the ends of a double",
    }
)


def function_for(table: HardTable) -> CheckFunction:
    """Return the check that puts one table before a stage."""

    def put(subject: Subject) -> None:
        first_artifact(subject)
        for form in FORMS[subject.reads]:
            made = material(subject, table(form), form=form)
            run = subject.run(source=made.source)
            try:
                check_outcome(subject, run, made.source, rows_in=made.rows)
            except Fault as fault:
                how = {"typed": "typed, as from Parquet: ", "texts": "as from CSV: "}.get(form, "")
                raise Fault(f"{how}{fault.what}", fault.mend) from None

    return put


for _name, _table in HARD_TABLES.items():
    check(f"hostile-{_name}", promise=f"{PROMISES[_name]}: published whole, or refused with 65")(
        function_for(_table)
    )
