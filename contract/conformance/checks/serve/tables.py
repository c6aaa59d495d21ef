"""Serve: large requests, mixed rows, concurrent requests, and variants of CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np

from conformance.checks.serve.request_formats import csv_of
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, Example, largest_difference
from conformance.models.tensors import Row
from conformance.serving.clients import Client, Protocol
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.rows import complete_examples
from conformance.serving.servers import example_clients, ready_client

_TABLE_ROWS = 5_000
_REQUESTS, _CLIENTS = 200, 8
_CSV: Mapping[str, str] = {"content-type": "text/csv"}


@http_check(
    "many-rows",
    promise=f"a request of {_TABLE_ROWS:,} rows has the same predictions as one request for each"
    " row",
    oip=True,
)
def many_rows(subject: Subject) -> None:
    for client in example_clients(subject):
        known = complete_examples(client.model)
        examples = [known[number % len(known)] for number in range(_TABLE_ROWS)]
        rows = [each.row for each in examples]
        for protocol in protocols_of(subject):
            found = client.predict(rows, protocol=protocol).numbers
            _compare(found, examples, f"{protocol} with {_TABLE_ROWS:,} rows")
        if subject.api == "all":
            table = _post_csv(client, csv_of(rows))
            _compare(_numbers(client, table), examples, f"CSV with {_TABLE_ROWS:,} rows")


@http_check(
    "mixed-rows",
    promise="the rows of a request may differ in their columns, the order, and missing values",
)
def mixed_rows(subject: Subject) -> None:
    for client in example_clients(subject):
        examples = client.model.examples
        rows: list[Row] = []
        for number, example in enumerate(examples):
            # Leave missing values out, and rotate the order of the columns.
            items = [(name, value) for name, value in example.row.items() if value is not None]
            start = number % len(items)
            rows.append(dict(items[start:] + items[:start]))
        found = client.predict(rows, protocol="predict").numbers
        _compare(found, examples, "JSON rows with columns in other orders")


@http_check(
    "at-once",
    promise="concurrent requests get the predictions of their own rows",
    oip=True,
)
def at_once(subject: Subject) -> None:
    client = ready_client(subject)
    examples = complete_examples(client.model)
    protocols = protocols_of(subject)

    def ask(number: int) -> tuple[Example, Any]:
        example = examples[number % len(examples)]
        protocol: Protocol = protocols[number % len(protocols)]
        return example, client.predict([example.row], protocol=protocol).numbers

    with ThreadPoolExecutor(_CLIENTS) as pool:
        answers = list(pool.map(ask, range(_REQUESTS)))
    found = np.concatenate([numbers for _, numbers in answers])
    _compare(found, [example for example, _ in answers], f"{_CLIENTS} concurrent clients")


@http_check(
    "csv-tables",
    promise="a CSV table may have its columns in any order, ignored columns, quoted cells and CRLF;"
    " the answer has its header and its cells",
)
def csv_tables(subject: Subject) -> None:
    for client in example_clients(subject):
        examples = client.model.examples
        ignored = client.model.document["signature"]["ignored"]
        names = [*reversed(list(examples[0].row)), *ignored]
        notes = ['a "quoted" text', "two\nlines", "comma, and ; semicolon", "", " spaces ", "grün"]
        rows = [
            {**each.row, **dict.fromkeys(ignored, notes[number % len(notes)])}
            for number, each in enumerate(examples)
        ]
        plain = csv_of([{name: row[name] for name in names} for row in rows])
        for what, text in {
            "in another order": plain,
            "with CRLF": _with_line_ends(plain, "\r\n"),
            "with every cell in quotes": _quoted(plain),
            "without a line break at the end": plain.removesuffix("\n"),
        }.items():
            table = _post_csv(client, text)
            _compare(_numbers(client, table), examples, f"CSV {what}")
            _check_cells(table, plain, names)


@http_check(
    "wrong-csv",
    promise="a CSV table with an unknown column, a wrong value or ragged lines is refused",
)
def wrong_csv(subject: Subject) -> None:
    client = ready_client(subject)
    row = complete_examples(client.model)[0].row
    good = csv_of([row])
    header, line = good.splitlines()
    numeric = next(f["name"] for f in client.model.fields if f["type"] == "number")
    name = f"{numeric}x"
    cases = {
        "an unknown column": (csv_of([{**row, name: "1"}]), 422, name),
        "a wrong value": (csv_of([row, {**row, numeric: "big"}]), 422, numeric),
        "a line with an excess cell": (f"{header}\n{line}\n{line},1\n", 0, ""),
        "a line with a cell missing": (f"{header}\n{line}\n{line.rpartition(',')[0]}\n", 0, ""),
        "a header with a repeated column": (f"{header},{numeric}\n{line},1\n", 0, ""),
        "no content": ("", 0, ""),
    }
    for what, (text, status, named) in cases.items():
        answer = client.http.post("/predict", content=text.encode(), headers=_CSV)
        is_right = answer.status_code == status if status else answer.status_code in {400, 422}
        if not is_right or named not in answer.text:
            raise Fault(
                f"POST /predict with a CSV table that has {what}",
                "refuse a table that cannot be read with 400 or 422, a wrong value with 422",
                row=text,
                expected=f"{status or '400 or 422'}{f', naming {named}' if named else ''}",
                found=f"{answer.status_code}: {answer.text}",
            )


def _compare(found: Any, examples: Sequence[Example], what: str) -> None:
    expected = np.array([each.expected for each in examples], np.float64)
    if len(found) != len(expected):
        raise Fault(
            f"{what}: {len(found)} predictions for {len(expected)} rows",
            "return one prediction for each row, in the order of the request",
        )
    worst, distance = largest_difference(found.reshape(expected.shape), expected)
    if distance > TOLERANCE:
        raise Fault(
            f"{what}: the prediction for row {worst + 1} differs from examples.jsonl",
            "parse each row separately, and keep the order of the rows",
            row=examples[worst].row,
            expected=expected[worst].tolist(),
            found=found[worst].tolist(),
        )


def _post_csv(client: Client, text: str) -> list[dict[str, str]]:
    """Return the rows of the response to a CSV table."""
    answer: httpx.Response = client.http.post("/predict", content=text.encode(), headers=_CSV)
    if answer.status_code != 200:
        raise Fault(
            f"POST /predict with text/csv returns {answer.status_code}: {answer.text}",
            "read RFC 4180 in UTF-8; the header names the columns",
            row=text[:2000],
        )
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def _numbers(client: Client, table: Sequence[Mapping[str, str]]) -> Any:
    target, classes = client.model.document["target"]["name"], client.model.classes
    names = [f"predicted_{target}"]
    if classes is not None:
        texts = [value if isinstance(value, str) else json.dumps(value) for value in classes]
        names = [f"probability_{text}" for text in texts]
    try:
        return np.array([[float(line[name]) for name in names] for line in table])
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(
            f"POST /predict returns CSV with the columns {list(table[0]) if table else []}"
            f" ({error!r})",
            f"add predicted_{target}, and probability_<class> for classes",
        ) from None


def _check_cells(table: Sequence[Mapping[str, str]], sent: str, names: Sequence[str]) -> None:
    for number, (line, row) in enumerate(
        zip(table, csv.DictReader(io.StringIO(sent, newline="")), strict=True), start=1
    ):
        found = {name: (line.get(name) or "").replace("\r\n", "\n") for name in names}
        if found != row or list(line)[: len(names)] != list(names):
            raise Fault(
                f"POST /predict changes columns or cells of line {number} of a CSV table",
                "return the table with its header unchanged, and add the predictions",
                expected=row,
                found=line,
            )


def _quoted(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    quoted = io.StringIO()
    csv.writer(quoted, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return quoted.getvalue()


def _with_line_ends(text: str, ending: str) -> str:
    """Return a CSV with other line ends; line breaks in cells stay."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    other = io.StringIO()
    csv.writer(other, lineterminator=ending).writerows(rows)
    return other.getvalue()
