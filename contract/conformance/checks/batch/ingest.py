"""Checks of ingest: cells of a CSV stay unchanged, and malformed lines go to rejects/."""

from collections.abc import Mapping

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.inputs.pipeline_files import with_top_level
from conformance.validity.faithful import check_faithful
from conformance.validity.outcomes import EXIT_SETTINGS, REFUSED, check_refusal
from conformance.validity.published import published
from conformance.validity.whole import check_whole

MALFORMED = (31, "h999,too,few")
"""Number and text of the line of the example that has too few cells."""

HEADER_OF_HOUSES = "id,size,rooms,colour,garden,built,sold,price"
CSV_WITH_UNUSUAL_CELLS = f"""{HEADER_OF_HOUSES}
001,  5.0 ,NA,"a ""quoted"" one",TRUE,2020-02-30,2024-03-31 02:30,1e400
+1,-0.0,null,"two
lines",yes,01/02/2003,,9007199254740993
007,1_000,"",grün 🏠,0,0000-00-00,NaN,"1,5"
"""
"""Cells that many readers change: spaces, zeros, missing values, types, quotes."""

HEADER = 'id,"",\u3000 size\u00a0,id,id_2,price'
"""One number of a repeated name is taken already."""
CSV_WITH_UNUSUAL_HEADER = f"{HEADER}\n1,2,3.5,4,6,100\n2,3,4.5,5,7,200\n"
NAMES = ["id", "column_2", "size", "id_3", "id_2", "price"]
EXPECTED_FORM = {
    "encoding": "utf-8",
    "dialect": {"delimiter": ",", "quoteChar": '"', "header": True},
    "renamed": [
        {"position": 2, "written": "", "name": "column_2"},
        {"position": 3, "written": "\u3000 size\u00a0", "name": "size"},
        {"position": 4, "written": "id", "name": "id_3"},
    ],
}
"""The form of that file in the lineage, if ingest writes one."""

LINKS_OUT: Mapping[str, str] = {"houses.csv": "/etc/hosts", "linked/hosts": "/etc"}
"""Target of a link by the source that it is or that is below it; every container has this file."""


@check(
    "faithful",
    stages=("ingest",),
    promise="every cell of a CSV file is kept as a string, unchanged",
)
def faithful(subject: Subject) -> None:
    check_faithful(first_artifact(subject), subject.example / "houses.csv")
    source = subject.scratch()
    (source / "houses.csv").write_text(CSV_WITH_UNUSUAL_CELLS, encoding="utf-8", newline="")
    check_whole(subject, subject.run(source=source), source, rows_in=3)


@check(
    "malformed-lines",
    stages=("ingest",),
    promise="a malformed line is rejected with its line number",
)
def malformed_lines(subject: Subject) -> None:
    found = [(line["row"], line["record"]) for line in first_artifact(subject).rejects]
    if found != [MALFORMED]:
        raise Fault(
            f"rejects/ of houses.csv has {found}; expected {[MALFORMED]}",
            "set row to the line number (the header is line 1), and record to the text of the line",
        )


@check(
    "column-names",
    stages=("ingest",),
    promise="names are trimmed, an empty name gets its position, a repeated one a number",
)
def column_names(subject: Subject) -> None:
    run = _run_with_unusual_header(subject)
    if run.exit_code == REFUSED:
        raise Skipped(f"a header with an empty and a duplicate name is refused: {run.last_line}")
    table = published(run).table("table")
    if table.schema.names != NAMES or table.num_rows != 2:
        raise Fault(
            f"a CSV with the header {HEADER} and two rows gives {table.num_rows} rows",
            "see 'Names of columns' in contract/reference/source-form.md",
            expected=NAMES,
            found=table.schema.names,
        )


@check(
    "source-form",
    stages=("ingest",),
    promise="a lineage that describes the form of a CSV file is right (optional, since 1.2)",
)
def source_form(subject: Subject) -> None:
    run = _run_with_unusual_header(subject)
    if run.exit_code == REFUSED:
        raise Skipped(f"a header with an empty and a duplicate name is refused: {run.last_line}")
    artifact = published(run)
    [entry] = artifact.manifest["lineage"]
    described = {key: entry[key] for key in ("encoding", "dialect", "renamed") if key in entry}
    if not described:
        raise Skipped("the lineage does not describe the form of the source, which is optional")
    # These two are the defaults of Frictionless, so they may be left out.
    defaults = {"quoteChar": '"', "header": True}
    described["dialect"] = defaults | described.get("dialect", {})
    if described != EXPECTED_FORM:
        raise Fault(
            f"for a UTF-8 file with commas and the header {HEADER}, the lineage has {described},"
            f" expected {EXPECTED_FORM}",
            "see contract/reference/source-form.md",
        )


def _run_with_unusual_header(subject: Subject) -> Run:
    first_artifact(subject)

    def run() -> Run:
        source = subject.scratch()
        (source / "houses.csv").write_text(CSV_WITH_UNUSUAL_HEADER, encoding="utf-8", newline="")
        run = subject.run(source=source)
        if run.exit_code != 0:
            check_refusal(run, REFUSED)
        return run

    return subject.once("unusual header", run)


@check("missing-source", stages=("ingest",), promise="a missing source is reported in one line")
def missing_source(subject: Subject) -> None:
    first_artifact(subject)
    run = subject.run(source=subject.scratch())
    if run.exit_code not in {65, 69, 78} or run.has_traceback or not run.last_line:
        raise Fault(
            f"{run.ending}; expected 78 (or 65, 69)",
            "print one line: what is wrong, where, what was expected, how to fix it",
        )
    if run.published or run.latest is not None:
        raise Fault("an artifact was published without a source", "publish nothing")


@check(
    "link-out",
    stages=("ingest",),
    promise="a source that is a link out of /data/in, or below one, is refused with 65 or 78",
)
def link_out(subject: Subject) -> None:
    first_artifact(subject)
    for path, target in LINKS_OUT.items():
        source = subject.scratch()
        (source / path.partition("/")[0]).symlink_to(target)
        settings = with_top_level(subject.settings, "source", path)
        check_link_refused(subject.run(source=source, settings=settings), path)


def check_link_refused(run: Run, path: str) -> None:
    """Check that a run on a source outside the input was refused."""
    if run.exit_code == 0:
        raise Fault(
            f"source = {path!r} leads to /etc/hosts by a link, and the run ends with 0",
            "resolve the path, and refuse it unless it is below /data/in; see"
            " contract/reference/exit-codes.md",
            expected="65 or 78",
            found=run.ending,
        )
    check_refusal(run, EXIT_SETTINGS if run.exit_code == EXIT_SETTINGS else REFUSED)
