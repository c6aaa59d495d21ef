"""The types that init guesses are those that clean will infer from the same texts."""

import pyarrow as pa
import pytest
from ingest.guessing.cell_types import TypeEvidence, trim


def evidence(*texts: str) -> TypeEvidence:
    found = TypeEvidence()
    for text in texts:  # one by one, as from many batches
        values = trim(pa.array([text])).drop_null()
        found.add(values, pa.array([1] * len(values), pa.int64()))
    return found


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["true", "FALSE"], "boolean"),
        (["1", "-20", "+3"], "integer"),
        (["1", "2.5", "1e3", ".5"], "number"),
        (["1.0", "2.0"], "number"),
        (["1e999", "1"], "string"),
        (["01234", "99999"], "string"),
        (["9007199254740992", "1"], "integer"),
        (["9007199254740993", "1"], "string"),
        (["2024-02-29", "2023-01-01"], "date"),
        (["2023-02-29", "2023-01-01"], "string"),
        (["2024-02-29T10:00Z", "2023-01-01"], "datetime"),
        (["2024-02-29 10:00:01.5 +02:00", "2023-01-01 00:00"], "datetime"),
        (["2024-02-29 24:00"], "string"),
        (["12,5", "1"], "string"),
        (["0", "1"], "integer"),
        (["yes", "no"], "string"),
        ([" 7\u00a0", "NA", "", "n/a"], "integer"),
        (["NA", ""], "string"),
    ],
)
def test_the_narrowest_type_that_all_values_have_is_guessed(texts: list[str], kind: str) -> None:
    assert evidence(*texts).decide() == kind


def test_values_that_stand_against_a_type_are_counted() -> None:
    found = evidence("1", "2", "?", "3", "?")

    assert found.misfits["integer"].texts == {"?": 2}
    assert found.decide() == "string"
    assert found.decide(without=frozenset({"?"})) == "integer"
