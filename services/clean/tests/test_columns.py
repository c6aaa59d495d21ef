"""Cleaning of a column, compared with the shared vectors and with a cell-by-cell implementation."""

import json
import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from clean.cleaning.columns import clean_column
from clean.schema.fields import FALSE_VALUES, TRUE_VALUES, Field, read_field
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stage_contract import SettingsError

FOLDER = Path(__file__).parents[3] / "contract/examples/vectors"
VECTORS = [
    vector
    for name in ("cleaning.json", "cleaning-1.1.json", "cleaning-1.2.json")
    for vector in json.loads((FOLDER / name).read_bytes())
]
REFUSED = json.loads((FOLDER / "fields-refused-1.1.json").read_bytes())


def clean_cells(cells: list[Any], field: Field, arrow_type: pa.DataType | None = None) -> list[Any]:
    """Return (value, None) or (None, reason) for each cell."""
    array = pa.array(cells, arrow_type or pa.string())
    cleaned = clean_column(pd.Series(array, dtype=pd.ArrowDtype(array.type)), field)
    values, reasons = (pa.array(column).to_pylist() for column in (cleaned.typed, cleaned.reasons))
    return [
        (None if reason else value, reason) for value, reason in zip(values, reasons, strict=True)
    ]


def as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return (value - date(1970, 1, 1)).days * 86_400


def field_of(case: dict[str, Any]) -> Field:
    return read_field(
        case["field"],
        missing=case.get("missingValues", []),
        timezone=case.get("timezone", "UTC"),
    )


def check(case: dict[str, Any], value: Any, reason: str | None) -> None:
    assert (reason or "").partition(" ")[0] == case.get("error", "")
    assert as_json(value) == case.get("value")
    assert type(as_json(value)) is type(case.get("value")) or case["field"]["type"] == "number"
    if "seconds" in case:
        assert seconds(value) == case["seconds"]


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if "text" in case], ids=lambda case: case["about"]
)
def test_a_text_is_cleaned_as_the_vectors_say(case: dict[str, Any]) -> None:
    [(value, reason)] = clean_cells([case["text"]], field_of(case))

    check(case, value, reason)


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in VECTORS
        # A typed column that is declared as string becomes text; see test_typed_sources.
        if isinstance(case.get("json"), int | float) and case["field"]["type"] != "string"
    ],
    ids=lambda case: case["about"],
)
def test_a_typed_cell_is_cleaned_as_the_vectors_say(case: dict[str, Any]) -> None:
    arrow_type = pa.array([case["json"]]).type

    [(value, reason)] = clean_cells([case["json"]], field_of(case), arrow_type)

    check(case, value, reason)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["about"])
def test_a_field_that_makes_no_sense_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        field_of(case)


# The reference: the section "Cleaning one row" of contract/README.md, one cell at a time.

WHITE_SPACE = "".join(
    chr(code)
    for code in (
        *range(0x09, 0x0E),
        *(0x20, 0x85, 0xA0, 0x1680),
        *range(0x2000, 0x200B),
        *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    )
)
DAY = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
CLOCK = r"[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
OFFSET = r" ?(?:(Z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)"


def refer_number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return None
    return float(text) if math.isfinite(float(text)) else None


def refer_integer(text: str) -> int | None:
    if not re.fullmatch(r"[+-]?[0-9]+(\.0*)?", text):
        return None
    value = int(text.partition(".")[0])
    return value if abs(value) <= 2**53 else None


def refer_boolean(text: str) -> bool | None:
    if text in TRUE_VALUES:
        return True
    return False if text in FALSE_VALUES else None


def refer_date(text: str) -> date | None:
    found = re.fullmatch(DAY, text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def refer_datetime(text: str, zone: ZoneInfo) -> datetime | None:
    found = re.fullmatch(rf"{DAY}(?:{CLOCK}(?:{OFFSET})?)?", text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, ahead, more = found.groups()
    micro = int((fraction or "").ljust(6, "0")[:6])
    try:
        local = datetime(  # its zone is found out below
            *map(int, (year, month, day, hour or 0, minute or 0, second or 0, micro))
        )
        if utc or sign:
            if int(ahead or 0) > 23 or int(more or 0) > 59:
                return None
            offset = timedelta(hours=int(ahead or 0), minutes=int(more or 0))
            return local.replace(tzinfo=timezone(-offset if sign == "-" else offset)).astimezone(
                UTC
            )
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        exists = instant.astimezone(zone).replace(tzinfo=None) == local
    except (ValueError, OverflowError):
        return None
    return instant if exists else None


def refer(text: str | None, field: Field) -> tuple[Any, str | None]:
    trimmed = (text or "").strip(WHITE_SPACE)
    if trimmed in ("", *field.missing):
        return None, None
    value = {
        "string": lambda: trimmed,
        "number": lambda: refer_number(trimmed),
        "integer": lambda: refer_integer(trimmed),
        "boolean": lambda: refer_boolean(trimmed),
        "date": lambda: refer_date(trimmed),
        "datetime": lambda: refer_datetime(trimmed, field.timezone),
    }[field.type]()
    return value, "type" if value is None else None


digits = st.sampled_from(["0", "1", "00", "59", "60", "24", "2023", "9007199254740993", "٣", ""])
number_texts = st.builds(
    "".join,
    st.lists(
        st.sampled_from(["+", "-", ".", "e", "E", "0", "1", "9", "400", "16", "_", ",", "inf", " "])
        | digits,
        max_size=8,
    ),
)
date_texts = st.builds(
    "{}-{}-{}".format,
    st.sampled_from(["0000", "0001", "1900", "2023", "2024", "9999", "10000", "23"]),
    st.sampled_from(["01", "02", "03", "10", "12", "13", "00", "1"]),
    st.sampled_from(["01", "26", "28", "29", "30", "31", "32", "00"]),
)
datetime_texts = st.builds(
    "".join,
    st.tuples(
        date_texts | st.sampled_from(["2023-03-26", "2023-10-29", "2050-03-27"]),
        st.sampled_from(["T", " ", "t", ""]),
        st.sampled_from(["", "00:00", "02:30", "02:59", "03:00", "23:59", "24:00", "2:00"]),
        st.sampled_from(["", ":00", ":59", ":60", ":5"]),
        st.sampled_from(["", ".5", ".999999999", ".0000001", "."]),
        st.sampled_from(["", "Z", " Z", "+02:00", "-0800", " +05", "+24:00", "+01:60", "z"]),
    ),
)
white_space = st.text(WHITE_SPACE + "\u200b\x1c", max_size=2)
cells = st.none() | st.builds(
    "{}{}{}".format,
    white_space,
    st.text(max_size=5)
    | number_texts
    | date_texts
    | datetime_texts
    | st.floats().map(repr)
    | st.integers(-(2**54), 2**54).map(str)
    | st.sampled_from(["NA", "true", "FALSE", "yes"]),
    white_space,
)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Europe/Dublin", "America/St_Johns", "Australia/Lord_Howe"]
)


@pytest.mark.parametrize("kind", ["string", "number", "integer", "boolean", "date", "datetime"])
@given(column=st.lists(cells, max_size=12), zone=zones)
@settings(deadline=None, max_examples=150)
@example(column=["0001-01-01T00:00", "9999-12-31T23:59", "1893-04-01 00:00"], zone="Europe/Berlin")
def test_a_column_is_cleaned_as_its_cells_would_be_one_by_one(
    kind: Any, column: list[str | None], zone: str
) -> None:
    field = Field("x", kind, missing=("NA",), timezone=ZoneInfo(zone))

    assert clean_cells(column, field) == [refer(cell, field) for cell in column]


@given(column=st.lists(cells, max_size=12), length=st.integers(0, 6))
@settings(deadline=None)
def test_constraints_on_texts_hold_cell_by_cell(column: list[str | None], length: int) -> None:
    pattern = r"[^0-9]*"
    rules = {"required": True, "minLength": length, "pattern": pattern, "enum": ["yes", "true"]}
    field = read_field(
        {"name": "x", "type": "string", "constraints": rules}, missing=["NA"], timezone="UTC"
    )

    def broken(cell: str | None) -> str | None:
        value, _ = refer(cell, field)
        if value is None:
            return "constraint required"
        if len(value) < length:
            return "constraint minLength"
        if not re.fullmatch(pattern, value):
            return "constraint pattern"
        return None if value in {"yes", "true"} else "constraint enum"

    assert [reason for _, reason in clean_cells(column, field)] == [broken(c) for c in column]


@given(column=st.lists(cells, max_size=12), bound=st.floats(-1e16, 1e16))
@settings(deadline=None)
def test_bounds_hold_cell_by_cell(column: list[str | None], bound: float) -> None:
    rules = {"minimum": -5, "exclusiveMaximum": bound}
    field = read_field(
        {"name": "x", "type": "number", "constraints": rules}, missing=["NA"], timezone="UTC"
    )

    def broken(cell: str | None) -> str | None:
        value, reason = refer(cell, field)
        if reason or value is None:
            return reason
        if value < -5:
            return "constraint minimum"
        return "constraint exclusiveMaximum" if value >= bound else None

    assert [reason for _, reason in clean_cells(column, field)] == [broken(c) for c in column]
