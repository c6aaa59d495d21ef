"""Columns of real codes: init proposes what clean infers, or shows both readings."""

import random

import pyarrow as pa
import pytest
from conformance.rules.code_lists import CODE_LISTS, KEPT_TOKENS
from ingest.profiling.cell_types import strip
from ingest.profiling.columns import Column
from ingest.profiling.distinct_values import DistinctValues
from ingest.profiling.profiles import Profile
from type_inference.decimal_separators import DecimalSeparators
from type_inference.field_types import MISSING

EXAMPLES = 10


def column(cells: list[str]) -> Column:
    profile = Profile("x", None, DistinctValues(1000))
    for start in range(0, len(cells), 3):
        profile.add(strip(pa.array(cells[start : start + 3])))
    return profile.finish(DecimalSeparators())


def message(found: Column) -> str:
    return " ".join(reading.message for reading in found.alternative_readings)


@pytest.mark.parametrize("name", CODE_LISTS)
def test_codes_are_counted_as_values_or_the_file_asks(name: str) -> None:
    dice = random.Random(name)  # noqa: S311  # equal columns in each run, not secrets
    for _ in range(EXAMPLES):
        chosen = dice.sample(CODE_LISTS[name], dice.randint(1, len(CODE_LISTS[name])))

        found = column(chosen)

        assert found.kind == "string"
        lost = {*chosen} - found.distinct.rows.keys()
        assert lost <= {*MISSING}
        assert not lost or found.missing_share == pytest.approx(len(lost) / len(chosen))


@pytest.mark.parametrize("name", CODE_LISTS)
@pytest.mark.parametrize("token", [token for token in MISSING if token.isalpha()])
def test_a_token_that_stays_a_value_is_asked_about(name: str, token: str) -> None:
    found = column([*CODE_LISTS[name], token])

    is_kept = token in found.distinct.rows
    assert (f'"{token}" in' in message(found)) == is_kept


def test_the_tokens_that_stay_values_are_those_of_clean() -> None:
    kept = {
        (name, token)
        for name, codes in CODE_LISTS.items()
        for token in MISSING
        if token in column([*codes, token]).distinct.rows
    }

    assert kept == KEPT_TOKENS
