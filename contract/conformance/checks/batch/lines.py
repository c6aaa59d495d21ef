"""Ingest: lines of a CSV that are easily lost or counted wrongly."""

from pathlib import Path

from conformance.checks.batch.first import first_artifact
from conformance.checks.batch.ingest import HEADER_OF_HOUSES
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.validity.outcomes import REFUSED, check_refusal
from conformance.validity.published import Published
from conformance.validity.whole import check_whole

ROWS = 40
_HOUSE = "h{n},5{n}.5,3,blue,true,2001-02-03,2024-03-31T02:30:00Z,{n}000"
_BROKEN = 'h{n},5.5,3,"one\n{n}two\n\nthree",true,2001-02-03,2024-03-31T02:30:00Z,{n}000'
_SHORT, _LONG = "h{n},too,few", f"{_HOUSE},too,many"
_BLANK = (5, 6, 20)
"""Lines without any character are not rows."""
_TEMPLATES = {
    3: _BROKEN,
    8: _SHORT,
    11: _BROKEN,
    12: _LONG,
    ROWS + 2: _SHORT,
    **dict.fromkeys(_BLANK, ""),
}


@check(
    "line-numbers",
    stages=("ingest",),
    promise="a rejected line has its number in the file, also after blank lines and cells of"
    " several lines",
)
def line_numbers(subject: Subject) -> None:
    first_artifact(subject)
    for ending in ("\n", "\r\n"):
        lines, malformed = [HEADER_OF_HOUSES], {}
        for n in range(ROWS + len(_BLANK)):
            line = _TEMPLATES.get(n, _HOUSE).format(n=n)
            if _TEMPLATES.get(n) in {_SHORT, _LONG}:
                malformed[1 + sum(each.count("\n") + 1 for each in lines)] = line
            lines.append(line)
        # Without a line break at the end, which is easily lost, too.
        text = "\n".join(lines).replace("\n", ending)
        source = _source(subject, text.encode())
        artifact = check_whole(subject, subject.run(source=source), source, rows_in=ROWS)
        _check_rejects(artifact, malformed, ending)


def _check_rejects(artifact: Published, malformed: dict[int, str], ending: str) -> None:
    found = {line["row"]: line["record"] for line in artifact.rejects}
    if found.keys() != malformed.keys():
        raise Fault(
            f"in a CSV with line ends {ending!r} and cells with line breaks, rejects/ has other"
            " line numbers than the malformed lines",
            "count the lines of the file, also those inside quoted cells; the header is line 1",
            expected=sorted(malformed),
            found=sorted(found),
        )
    for number, record in found.items():
        if isinstance(record, str) and record.rstrip("\r\n") != malformed[number]:
            raise Fault(
                f"rejects/: the record of line {number} is not its text",
                "set record to the text of the line",
                expected=malformed[number],
                found=record,
            )


@check(
    "odd-bytes",
    stages=("ingest",),
    promise="a line with bytes that are not UTF-8 is kept, rejected or refused, but not lost",
)
def odd_bytes(subject: Subject) -> None:
    first_artifact(subject)
    odd = "h20,5.5,3,gr\xfcn,true,2001-02-03,2024-03-31T02:30:00Z,20000".encode("cp1252")
    lines = [HEADER_OF_HOUSES.encode(), *(_HOUSE.format(n=n).encode() for n in range(ROWS))]
    lines[21] = odd
    run = subject.run(source=(source := _source(subject, b"\n".join(lines) + b"\n")))
    if _is_refused(run):
        return
    artifact = _counted(subject, run, source, ROWS, "bytes that are not UTF-8")
    if numbers := [line["row"] for line in artifact.rejects]:
        if numbers != [22]:
            raise Fault(
                f"rejects/ names the lines {numbers}; line 22 has bytes that are not UTF-8",
                "set row to the number of the line",
            )
        return
    colour = artifact.table("table").column("colour").to_pylist()[20]
    if not colour or "\ufffd" in colour or len(colour) != len("grün"):
        raise Fault(
            "a cell with a byte that is not UTF-8 has lost it",
            "read the file in its own encoding, reject the line, or refuse the file with 65",
            row=odd.decode("cp1252"),
            expected="grün",
            found=colour,
        )


@check(
    "open-quote",
    stages=("ingest",),
    promise="a quote that is never closed loses no line: it is rejected or refused",
)
def open_quote(subject: Subject) -> None:
    first_artifact(subject)
    lines = [HEADER_OF_HOUSES, *(_HOUSE.format(n=n) for n in range(ROWS))]
    lines[-1] = lines[-1].replace("blue", '"blue')
    run = subject.run(source=(source := _source(subject, "\n".join(lines).encode())))
    if not _is_refused(run):
        _counted(subject, run, source, ROWS, "a quote that is never closed in the last line")


@check(
    "early-quote",
    stages=("ingest",),
    promise="a quote that is closed before the end of its cell loses no text: the line is kept"
    " whole, rejected or refused",
)
def early_quote(subject: Subject) -> None:
    first_artifact(subject)
    lines = [HEADER_OF_HOUSES, *(_HOUSE.format(n=n) for n in range(ROWS))]
    lines[21] = lines[21].replace("blue", '"blue" and more')
    run = subject.run(source=(source := _source(subject, "\n".join(lines).encode() + b"\n")))
    if _is_refused(run):
        return
    artifact = _counted(subject, run, source, ROWS, "text behind a closed quote")
    numbers = [line["row"] for line in artifact.rejects]
    if numbers not in ([], [22]):
        raise Fault(
            f"rejects/ names the lines {numbers}; only line 22 has text behind a closed quote",
            "set row to the number of the line, and keep all other lines",
        )
    colour = artifact.table("table").column("colour").to_pylist()[20]
    if not numbers and "and more" not in (colour or ""):
        raise Fault(
            "a cell with text behind a closed quote has lost it",
            "reject the line, or refuse the file with 65",
            row=lines[21],
            found=colour,
        )


def _is_refused(run: Run) -> bool:
    if run.exit_code == 0:
        return False
    check_refusal(run, REFUSED)
    return True


def _counted(subject: Subject, run: Run, source: Path, rows: int, what: str) -> Published:
    """Check all but the cells of an artifact; return it."""
    try:
        return check_whole(subject, run, source, rows_in=rows, cells=False)
    except Fault as fault:
        raise Fault(f"a CSV with {what}: {fault.what}", fault.fix) from None


def _source(subject: Subject, content: bytes) -> Path:
    folder = subject.scratch()
    (folder / "houses.csv").write_bytes(content)
    return folder
