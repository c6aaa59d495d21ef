"""Known numbers and dates, written as people write them, are parsed correctly or stay texts.

Never as others: a text that can be read in two ways stays text, and a warning says so.
EXAMPLES says how many are tried (default 60).
"""

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ambiguous_columns import read

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
DECIMALS = {".": ("", ",", " ", "'", "\u2019", "\u202f", "\u2009"), ",": ("", ".", " ", "\u00a0")}
AFFIXES = (
    *(("", ""), ("", ""), ("$", ""), ("€ ", ""), ("", " €"), ("", "kg"), ("", " km/h")),
    *(("EUR ", ""), ("", " CHF"), ("R$", ""), ("kr ", ""), ("", " %"), ("", "%")),
)
DAYS = (
    *(
        f"{order[0]}{mark}{order[1]}{mark}{order[2]}"
        for mark in "/.-"
        for year in ("%Y", "%y")
        for order in (("%d", "%m", year), ("%m", "%d", year), (year, "%m", "%d"))
    ),
    *("%d %b %Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%d. %B %Y"),
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
VERSIONS = st.tuples(st.integers(0, 3), st.integers(0, 25))


def grouped(digits: str, mark: str) -> str:
    head = len(digits) % 3 or 3
    return mark.join([digits[:head], *(digits[at : at + 3] for at in range(head, len(digits), 3))])


@st.composite
def numbers(draw: st.DrawFn, decimal: str) -> tuple[list[float], list[str]]:
    """Draw numbers, and texts that a person with this decimal character writes for them."""
    places, mark = draw(st.integers(0, 4)), draw(st.sampled_from(DECIMALS[decimal]))
    before, behind = draw(st.sampled_from(AFFIXES))
    minus, is_sign_first = draw(st.sampled_from(("-", "\u2212"))), draw(st.booleans())
    is_padded = draw(st.booleans())
    most = 10 ** draw(st.integers(places, 9))
    whole = draw(st.lists(st.integers(-most, most), min_size=1, max_size=12))
    texts = []
    for number in whole:
        digits = str(abs(number)).zfill(places + 1)
        front, back = digits[: len(digits) - places], digits[len(digits) - places :]
        back = back if is_padded else back.rstrip("0")
        text = grouped(front, mark) + (decimal + back if back else "")
        sign = minus if number < 0 else ""
        texts.append((sign + before if is_sign_first else before.strip() + sign) + text + behind)
    scale = 10**places * (100 if "%" in behind else 1)
    return [number / scale for number in whole], texts


@st.composite
def days(draw: st.DrawFn) -> tuple[list[date], list[str]]:
    """Draw days or times of some years, and texts of one of the common formats."""
    date_format = draw(st.sampled_from(DAYS)) + draw(st.sampled_from(CLOCKS))
    first = datetime(draw(st.integers(1970, 2060)), 1, 1, tzinfo=UTC)
    seconds = draw(st.integers(1, 8 * 365)) * 86_400
    moments = draw(st.lists(st.integers(0, seconds), min_size=1, max_size=12))
    texts = [(first + timedelta(seconds=it)).strftime(date_format) for it in moments]
    read_back = [datetime.strptime(text, date_format).replace(tzinfo=UTC) for text in texts]
    has_time = "%M" in date_format
    values = [it if has_time else it.date() for it in read_back]
    if draw(st.booleans()):
        # Without the zeros in front of days and months.
        short = date_format.replace("%d", "%-d").replace("%m", "%-m")
        texts = [it.strftime(short) for it in read_back]
    return values, texts


@st.composite
def tables(draw: st.DrawFn) -> dict[str, tuple[list[Any], list[str]]]:
    """Draw the columns of one person, who has one decimal character."""
    decimal = draw(st.sampled_from((".", ",")))
    columns = draw(st.lists(st.one_of(numbers(decimal), days()), min_size=1, max_size=4))
    rows = max(len(texts) for _, texts in columns)
    return {
        f"c{place}": (fill(values, rows), fill(texts, rows))
        for place, (values, texts) in enumerate(columns)
    }


def fill(cells: list[Any], rows: int) -> list[Any]:
    return (cells * rows)[:rows]


def is_as_known(values: list[Any], known: list[Any]) -> bool:
    if any(isinstance(value, str) for value in values):
        return False
    return values == (pytest.approx(known) if isinstance(known[0], float) else known)


def is_told(column: str, lines: list[str], message: str) -> bool:
    return any(line.startswith(f"column {column}") and message in line for line in lines)


@settings(max_examples=EXAMPLES, deadline=None)
@given(tables())
def test_nothing_is_read_as_another_value(table: dict[str, tuple[list[Any], list[str]]]) -> None:
    values, warnings, lines = read({name: texts for name, (_, texts) in table.items()})

    for name, (known, texts) in table.items():
        if values[name] == texts:
            assert is_told(name, warnings, "becomes a string") or looks_like_codes(texts)
        elif not is_as_known(values[name], known):
            # What has no sign of a decimal comma anywhere is a decimal number, and the log says so.
            assert is_told(name, lines, "1.234 is 1.234 and not 1234, as no column has"), texts


def looks_like_codes(texts: list[str]) -> bool:
    """Return whether these texts may be telephone numbers: only groups of one length."""
    return len({len(text) for text in texts}) == 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(VERSIONS, min_size=2, max_size=30, unique=True))
def test_versions_of_which_two_are_one_number_stay_texts(parts: list[tuple[int, int]]) -> None:
    column = [f"{major}.{minor}" for major, minor in parts]

    values, warnings, _ = read({"x": column})

    if len({float(text) for text in column}) < len(column):
        assert values["x"] == column
        assert "could be a version" in warnings[0]
    else:
        assert values["x"] in (column, [float(text) for text in column])


PRICES = st.lists(st.tuples(st.integers(0, 99_999), st.booleans()), min_size=1, max_size=50)


@settings(max_examples=EXAMPLES, deadline=None)
@given(PRICES, st.integers(1, 9))
def test_one_small_cent_tells_that_prices_of_two_sources_are_numbers(
    prices: list[tuple[int, bool]], cents: int
) -> None:
    column = [f"{it / 100:.2f}" if is_padded else f"{it / 100:g}" for it, is_padded in prices]
    column.append(f"3.0{cents}")

    values, _, _ = read({"x": column})

    assert values["x"] == [float(text) for text in column]
