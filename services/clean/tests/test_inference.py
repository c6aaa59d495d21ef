"""Type inference: the narrowest type that fits every value of a column."""

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from clean.inference.column_inference import IntegerInference, StringInference
from clean.inference.missing_tokens import MissingTokenInference
from clean.inference.table_inference import start_inferences, start_type_hints
from clean.inference.text_columns import TextInference
from clean.schema.fields import Field
from clean.settings import Settings


def token_inference(*batches: list[str | None], private: bool = False) -> TextInference:
    rules = Field(
        "x", "string", missing=("NA",), timezone=ZoneInfo("Europe/Berlin"), is_private=private
    )
    inference = TextInference(rules, sum(map(len, batches)), MissingTokenInference(rules=rules))
    first_row = 1
    for batch in batches:
        inference.add(pa.array(batch, pa.string()), first_row=first_row)
        first_row += len(batch)
    return inference


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (["true", "False", "NA"], "boolean"),
        (["true", "1"], "string"),
        (["1", "-2", "+3", "0"], "integer"),
        (["1", "0"], "integer"),
        (["9007199254740992", "-9007199254740992"], "integer"),
        (["5.0", "6.0"], "number"),
        (["1", "2.5"], "number"),
        (["1e5", ".5", "5."], "number"),
        (["0.5", "0", "-0.5", "0e1"], "number"),
        (["12345678901234567890", "0.5"], "number"),
        (["01234", "98765"], "string"),
        (["01.5", "2.5"], "string"),
        (["-007"], "string"),
        (["2013-01-01", "1969-12-31"], "date"),
        (["2013-01-01", "2013-01-01T05:00"], "datetime"),
        (["2013-01-01 05:00:00+02:00", "2013-07-01"], "datetime"),
        (["2023-03-26T02:30"], "string"),
        (["2013-02-30"], "string"),
        (["1,5", "2,5"], "string"),
        (["1e400", "1"], "string"),
        (["NA", "", None, " "], "string"),
        ([], "string"),
        (["a"], "string"),
        ([" 1 ", "\u00a02"], "integer"),
    ],
)
def test_the_narrowest_type_that_fits_wins(column: list[str | None], kind: str) -> None:
    assert token_inference(column).infer().kind == kind


def test_the_last_row_counts_as_much_as_the_first() -> None:
    inference = token_inference(["1"] * 50, ["2"] * 50, ["x"])

    assert inference.infer().kind == "string"


def test_few_other_values_are_named_in_a_warning() -> None:
    inference = token_inference(["1.5"] * 150, ["2", "three"] + ["3"] * 148)

    assert inference.infer().kind == "string"
    assert inference.warning() == (
        "column x becomes a string: 1 of 300 values (0.33 %) are not a number, the first in row"
        ' 152: \'three\'; [clean.columns.x] missing = ["NA", "three"] makes them missing,'
        ' type = "number" rejects these rows'
    )


def test_the_narrower_of_two_types_that_nearly_fit_is_proposed() -> None:
    assert 'type = "integer"' in str(token_inference(["1"] * 199 + ["three"]).warning())


def test_a_private_value_stays_out_of_the_warning() -> None:
    warning = str(token_inference(["1"] * 199 + ["secret"], private=True).warning())

    assert "in row 200;" in warning
    assert "secret" not in warning


@pytest.mark.parametrize("column", [["1"] * 90 + ["x"] * 10, ["a", "b"], ["NA"], ["1", "2"], []])
def test_nothing_is_said_about_a_clear_case(column: list[str | None]) -> None:
    assert token_inference(column).warning() is None


def test_missing_values_do_not_count() -> None:
    assert token_inference(["NA"] * 90 + ["1"] * 9 + ["x"]).warning() is None


def test_integers_that_a_double_cannot_hold_become_strings_with_a_warning() -> None:
    inference = token_inference(["1", "9007199254740993"])

    assert inference.infer().kind == "string"
    assert "not every integer is within ±2^53, the first in row 2: '9007199254740993'" in str(
        inference.warning()
    )


def test_texts_of_a_typed_source_are_read_for_missing_tokens_only_while_one_may_be_a_value() -> (
    None
):
    typed = pa.schema([("real", pa.float64()), ("day", pa.string())])
    texts = pa.schema([("day", pa.string())])

    inferences = start_inferences(typed, Settings(), rows=3)

    assert [(name, type(it)) for name, it in inferences.items()] == [("day", StringInference)]
    assert inferences["day"].can_change
    inferences["day"].add(pa.array(["2024-01-31"]), first_row=1)
    assert not inferences["day"].can_change
    assert list(start_type_hints(typed, Settings(), rows=3)) == ["day"]
    assert list(start_inferences(texts, Settings(), rows=3)) == ["day"]
    assert not start_type_hints(texts, Settings(), rows=3)


def test_a_typed_integer_column_becomes_a_string_only_beyond_the_limit() -> None:
    rules = Field("x", "string", missing=(), timezone=ZoneInfo("UTC"))
    inside, beyond = IntegerInference(rules), IntegerInference(rules)
    inside.add(pa.array([1, None, 2**53]), first_row=1)
    beyond.add(pa.array([1]), first_row=1)
    beyond.add(pa.array([1, 2**64 - 1], pa.uint64()), first_row=2)

    assert (inside.infer().kind, inside.warning()) == ("integer", None)
    assert beyond.infer().kind == "string"
    assert "the first in row 3: '18446744073709551615'" in str(beyond.warning())
