"""A quote that closes in the middle of a cell is rejected, because its meaning is ambiguous."""

from time import process_time
from typing import Any

import pytest
from ingest.csv.quote_check import QuoteCheck
from stage_contract import ContractError

type Stage = Any
"""The fixture of conftest.py."""

RIGHT = [
    'a,b\n"1","2"\n',
    'a,b\n"x""y",""\n"",""""\n',
    'a,b\n5" pipe,x"\n',
    'a,b\n"x\n,""y"" z",2\n',
    'a,b\r\n"x\r\ny",2\r\n',
    'a,b\r"1",2\r',
    '"a"',
    'a "quoted" word,b\n',
    'a, "b"\n',
]
WRONG = [
    ('a,b\n"x"y,2\n', 2),
    ('a,b\n1,"Hello," she said\n', 2),
    ('a,b\n""x,2\n', 2),
    ('a,b\n"x" ,2\n', 2),
    ('a,b\n1,2\n"x\ny\nz"z,2\n', 3),
    ('a,b\n"say \\"hi\\"",2\n', 2),
    ('a,b\n1,"x\n2,"y\n', 2),
    ('"a"b,c\n', 1),
    ('a\n"x"y', 2),
    ('a,b\r1,2\r"x"y,2\r', 3),
]


def check(text: str, size: int, **options: Any) -> None:
    options = {"delimiter": ",", "quote": '"', "escape": "", "first_line": 1} | options
    quotes = QuoteCheck("t.csv", **options)
    for start in range(0, len(text), size):
        quotes.add(text[start : start + size], is_last=False)
    quotes.add("", is_last=True)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("text", RIGHT)
def test_well_formed_cells_pass(text: str, size: int) -> None:
    check(text, size)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(("text", "line"), WRONG)
def test_text_after_a_closing_quote_is_refused_with_its_line(
    text: str, line: int, size: int
) -> None:
    with pytest.raises(ContractError, match=f"a closing quote in a cell of line {line};"):
        check(text, size)


@pytest.mark.parametrize("begin", ["1,", '1,"'])
def test_a_row_of_many_parts_takes_linear_time(begin: str) -> None:
    def seconds(size: int) -> float:
        start = process_time()
        check(begin + "x" * size + begin[2:], 10_000)
        return process_time() - start

    seconds(1_000_000)

    assert seconds(16_000_000) < 8 * max(seconds(4_000_000), 0.02)


@pytest.mark.parametrize("delimiter", ["^", "-", "]", "\\", "\t", "."])
def test_any_delimiter_and_quote_will_do(delimiter: str) -> None:
    check(f"'a'{delimiter}'b{delimiter}c'\n", 1, delimiter=delimiter, quote="'")
    with pytest.raises(ContractError):
        check(f"'a'{delimiter}'b'c\n", 1, delimiter=delimiter, quote="'")


def test_escaped_quotes_pass() -> None:
    check('a,b\n"say \\"hi\\"",x\\"\n"\\\\",2\n', 1, escape="\\")
    check('a,b\nx\\,"y",z\n', 1, escape="\\")
    with pytest.raises(ContractError, match=r'set in \[ingest\] quote = ""'):
        check('a,b\n"\\\\"x,2\n', 1, escape="\\")


def test_the_stage_refuses_with_the_remedies(stage: Stage) -> None:
    assert stage.refuse('a,b\n1,2\n"say \\"hi\\"",2\n') == (
        "t.csv: text follows a closing quote in a cell of line 3; double the quotes inside it, or"
        ' set in [ingest] escape = "\\\\" if backslashes escape them, or quote = "" if quotes mean'
        " nothing"
    )
