"""Columns of real codes and of booleans: unchanged, or both readings are in the log."""

import os
import random
from typing import Any

import pandas as pd
import pytest
from clean.cleaning.rows import clean_rows
from clean.inference.table_inference import explain, infer_types
from clean.parsing.arrays import to_arrow
from clean.reporting.rule_report import RuleReport
from clean.reporting.suggestions import missing_words
from clean.schema.table_schema import describe_schema, read_fields
from clean.settings import MISSING, Settings
from conformance.rules.code_lists import BOOLEAN_WORDS, CODE_LISTS, KEPT_TOKENS
from test_detectors import read_batches

EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
MARKS = ("?", "-", "--", "–", "—")


def read(cells: list[str]) -> tuple[list[Any], str]:
    """Return the cleaned column, and every log line about it."""
    settings = Settings()
    schema, inferences = read_batches(cells, settings)
    found = infer_types(schema, settings, inferences)
    [field] = read_fields(describe_schema(settings, found))
    frame = pd.DataFrame({"x": pd.Series(cells, dtype="string")})
    cleaned = clean_rows(frame, [field], with_effects=True)
    report = RuleReport([field])
    report.add(frame, cleaned.effects, rejected=cleaned.rejected, duplicates=0)
    inference = inferences["x"]
    lines = [inference.warning() or "", *inference.hints(), *explain(settings, found)]
    return to_arrow(cleaned.valid["x"]).to_pylist(), "\n".join(
        [*lines, *missing_words(report, field)]
    )


def some_of(codes: tuple[str, ...], dice: random.Random) -> list[str]:
    """Return a column of a few codes or of all codes, each in one or more rows."""
    chosen = dice.sample(codes, dice.randint(1, len(codes)))
    return [code for code in chosen for _ in range(dice.randint(1, 3))]


def is_in_doubt(cell: str, lines: str) -> bool:
    """Return whether the log names a text with another reading and the setting for it."""
    return f"'{cell}'" in lines and "[clean.columns.x]" in lines


@pytest.mark.parametrize("name", CODE_LISTS)
def test_codes_stay_as_they_are_or_the_log_names_both_readings(name: str) -> None:
    dice = random.Random(name)  # noqa: S311  # equal columns in each run, not secrets
    for _ in range(EXAMPLES):
        cells = some_of(CODE_LISTS[name], dice)

        values, lines = read(cells)

        if all(isinstance(value, bool) for value in values):
            assert "true_values" in lines, cells
            assert {*map(str.lower, cells)} <= {word for pair in BOOLEAN_WORDS for word in pair}
            continue
        for cell, value in zip(cells, values, strict=True):
            assert value == cell or (value is None and is_in_doubt(cell, lines)), (cells, lines)


@pytest.mark.parametrize("name", CODE_LISTS)
def test_a_token_among_codes_is_a_value_or_missing_and_named(name: str) -> None:
    dice = random.Random(name)  # noqa: S311  # as above
    for token in (token for token in MISSING if token.isalpha()):
        cells = [*some_of(CODE_LISTS[name], dice), token]

        values, lines = read(cells)

        assert values[-1] == token or values[-1] is None, cells
        if not all(isinstance(value, bool) for value in values[:-1]):
            assert is_in_doubt(token, lines), (cells, lines)


def test_the_tokens_that_stay_values_are_those_of_init() -> None:
    kept = {
        (name, token)
        for name, codes in CODE_LISTS.items()
        for token in MISSING
        if token and token in read([*codes, token])[0]
    }

    assert kept == KEPT_TOKENS


@pytest.mark.parametrize("pair", BOOLEAN_WORDS)
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_booleans_with_missing_ones_stay_booleans_unless_both_are_codes(
    pair: tuple[str, str], case: Any
) -> None:
    yes, no = map(case, pair)
    for token in ("", *MISSING, *MARKS):
        values, lines = read([yes, no, token, yes])

        if {yes, no} == {"SI", "NO"}:
            assert values[:2] == ["SI", "NO"]
            assert "no and yes, or country codes" in lines
        else:
            assert values == [True, False, None, True]


@pytest.mark.parametrize("name", CODE_LISTS)
def test_one_other_spelling_of_a_code_does_not_change_the_others(name: str) -> None:
    """A code in another case, in a column with all codes of its list."""
    codes = [*CODE_LISTS[name]]
    for code in codes[:EXAMPLES]:
        cells = [*codes, code.swapcase()]

        values, lines = read(cells)

        for cell, value in zip(cells, values, strict=True):
            assert value == cell or (value is None and is_in_doubt(cell, lines)), (cells, lines)
