"""Tables in CSV: the same rows as in JSON, and the same table back with predictions."""

import csv
import io
import json
import tracemalloc
from functools import partial
from typing import Any

import pytest
from asking import CSV, Worker, errors
from hypothesis import given
from hypothesis import strategies as st
from serve.problems import RequestError
from serve_testing.made_models import DIAMONDS, publish_model

CELLS = {
    "carat": st.floats(0.01, 1e6),
    "depth": st.none() | st.floats(-1e6, 1e6) | st.integers(-9, 9),
    "cut": st.sampled_from(["Ideal", "Good", " Fair ", 'a,"b"\n', "ü"]),
    "color": st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    volume = tmp_path_factory.mktemp("volume")
    publish_model(volume, DIAMONDS)
    return Worker(volume)


@given(rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=5))
def test_a_table_gets_the_predictions_of_the_same_rows_in_json(
    worker: Worker, rows: list[dict[str, Any]]
) -> None:
    as_json = worker.predict(*rows)
    as_csv = worker.send(table_of(rows), CSV)

    assert [float(row["predicted_price"]) for row in read(as_csv.content)] == [
        row["price"] for row in as_json.json()["predictions"]
    ]


def test_the_table_comes_back_as_it_was_with_the_predictions_at_its_right(worker: Worker) -> None:
    body = b"\xef\xbb\xbfid,carat,cut,price\r\n7, 1.0 ,Ideal,999\r\n\r\n8,2,Good,\r\n"

    answer = worker.send(body, {"content-type": "text/csv; charset=utf-8"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == (
        "id,carat,cut,price,predicted_price\n7, 1.0 ,Ideal,999,1030.5\n8,2,Good,,2020.5\n"
    )


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=latin-1"])
@pytest.mark.parametrize("options", ["", "?on_error=skip"])
def test_tab_separated_values_are_read_as_csv(worker: Worker, charset: str, options: str) -> None:
    body = "id\tcarat\tcut\nä\t1\tIdeal\n".encode("latin-1" if "latin" in charset else "utf-8")
    headers = {"content-type": f"Text/Tab-Separated-Values{charset}"}

    answer = worker.ask("POST", f"/predict{options}", content=body, headers=headers)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[1].startswith("ä,1,Ideal,1030.5")


def test_classes_come_with_a_column_of_probabilities_each(penguins: Worker) -> None:
    answer = penguins.send(b"bill,island\n39.1,Biscoe\nNA,Dream\n", CSV)

    rows = read(answer.content)
    assert list(rows[0])[2:] == [
        "predicted_species",
        "probability_Adelie",
        "probability_Chin%strap",
        'probability_G"entoo',
    ]
    assert rows[1]["predicted_species"] == "Chin%strap"
    assert sum(float(cell) for cell in list(rows[1].values())[3:]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", [{"column": "carat"}, {"column": "cut"}, {"expected": "at least one row"}]),
        (b"carat,cut\n", [{"expected": "at least one row below the header"}]),
        (b"carat,cutt\n1,x\n", [{"column": "cutt", "did_you_mean": "cut"}, {"column": "cut"}]),
        (b"carat,cut,cut\n1,x,x\n", [{"column": "cut", "expected": "this column only once"}]),
        (b"carat,cut\n1,x\n1\n", [{"row": 2, "value": "1 cells", "expected": "2 cells"}]),
        (b"carat,cut\n1,x\nabc,x\n", [{"row": 2, "column": "carat", "value": "abc"}]),
        (b"carat,cut\n-1,\n", [{"expected": "more than 0"}, {"column": "cut", "value": ""}]),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(
    worker: Worker, body: bytes, expected: list[dict[str, Any]]
) -> None:
    answer = worker.send(body, CSV)

    assert answer.status_code == 422
    found = errors(answer)
    assert len(found) == len(expected)
    for error, facts in zip(found, expected, strict=True):
        for key, value in facts.items():
            assert str(error[key]).startswith(str(value))


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"carat,cut\n1,\xff\n", "not UTF-8: invalid start byte at byte 12"),
        (b'carat,cut\n1,"x"y\n', "not CSV: ',' expected after '\"' (line 2)"),
        (b'carat,cut\n1,"x', "not CSV: unexpected end of data (line 2)"),
    ],
)
def test_what_is_no_csv_is_refused_with_the_place(worker: Worker, body: bytes, detail: str) -> None:
    answer = worker.send(body, CSV)

    assert answer.status_code == 400
    assert detail in answer.json()["detail"]


def test_too_many_lines_are_refused(tmp_path: Any) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=2)

    assert worker.send(b"carat,cut\n1,x\n1,x\n", CSV).status_code == 200
    assert worker.send(b"carat,cut\n1,x\n1,x\n1,x\n", CSV).status_code == 413


HUGE = 2_000_000
TOO_WIDE = "expected a header of at most 106 cells, within the first "


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"," * HUGE + b"\n1\n", TOO_WIDE),
        (b"sep=;\n" + b";" * HUGE + b"\n1\n", TOO_WIDE),
        (b"a," * (HUGE // 2) + b"\n1\n", TOO_WIDE),
        (b"carat,cut" + b",a" * 105 + b"\n1,x\n", TOO_WIDE),
        (b'"' * HUGE, TOO_WIDE),
        (b'"' * (HUGE + 1), TOO_WIDE),
        (b'"' + b"," * HUGE + b'"\n', TOO_WIDE),
        (b'carat,"cut' + b"\n" * HUGE, TOO_WIDE),
        (b"a" * HUGE, TOO_WIDE),
        (b"\n" * HUGE, TOO_WIDE),
        (b"\r" * HUGE, TOO_WIDE),
        (b"\r\n" * HUGE, TOO_WIDE),
        ("é".encode() + b"," * HUGE, TOO_WIDE),
        (("a," * HUGE).encode("utf-16"), TOO_WIDE),
        (b"carat,cut\n1,x\n" + b"," * HUGE, "line 3 has more than 102 cells"),
        (b'carat,cut\n1,"x\n",' + b"," * HUGE, "line 3 has more than 102 cells"),
        (b'carat,cut\n1,y"' + b"," * HUGE + b'"', "line 2 has more than 102 cells"),
        (b"carat,cut\n1,x\n" + b"\r\n" * HUGE, "more than 1,001,000 lines"),
        (b'carat,cut\n1,"' + b"\n" * HUGE + b'"', "more than 1,001,000 lines"),
    ],
)
def test_a_table_that_is_made_to_take_time_is_refused_before_it_is_taken_apart(
    worker: Worker, body: bytes, detail: str
) -> None:
    asked = partial(worker.watcher.model.csv_rows.read, body)
    tracemalloc.start()
    with pytest.raises(RequestError) as error:
        asked()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert detail in error.value.detail
    assert error.value.status in {413, 422}
    assert most < 10 * len(body) + 3_000_000


def test_a_wide_header_of_some_unknown_names_is_told_which_are_wrong(worker: Worker) -> None:
    answer = worker.send(b"carat,cutt" + b",a" * 104 + b"\n1,x\n", CSV)

    assert errors(answer)[0]["did_you_mean"] == "cut"


@pytest.mark.parametrize("text", ["," * 5000, 'say ""a"",' * 500, "a\n" + "b,c," * 2000 + "\n"])
def test_delimiters_in_quotes_are_not_cells(worker: Worker, text: str) -> None:
    answer = worker.send(f'id,carat,cut\n"{text}",1,"{text}"\n1,1,x\n'.encode(), CSV)

    assert answer.status_code == 200


def table_of(rows: list[dict[str, Any]]) -> bytes:
    """Write rows as CSV; a number as JSON writes it, null as an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(CELLS))
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: value if value is None or isinstance(value, str) else json.dumps(value)
                for name, value in row.items()
            }
        )
    return text.getvalue().encode()


def read(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(body.decode(), newline=""))]
