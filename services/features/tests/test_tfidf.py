"""Text features of the graph, compared with scikit-learn's TfidfVectorizer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from clean_tables import columns_of, table_of
from features.preprocessing.feature_names import Feature
from features.preprocessing.fitting import Fitted, fit
from features.preprocessing.parity import ParityError, _compare
from features.preprocessing.roles import Role, RoleRules
from features.preprocessing.tokenizer import split_words
from features.settings import Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer
from stage_contract import ContractError

REVIEWS = [
    "A good, solid chair. Very good!",
    "Not good: it broke (twice).",
    "Solid and cheap",
    "It's cheap, it broke.",
    "Sehr schön und SOLID",
    "schön, aber teuer",
    None,
]
HARD = [
    "",
    " ",
    "\n\n",
    "!!! ... ???",
    "GOOD Good gOOD good",
    "Straße STRASSE straße ẞ",
    "İstanbul ıI schön SCHÖN",
    "good\tbroke\r\nsolid\x85cheap\u00a0it",
    "good " * 50_000,
    "x" * 200_000,
    "(good) [good] «good» “good” good…",
    "😀 good 👍🏽 e\u0301 ﬁ",
    "good\0 \0",
    " ".join(f"word{number}" for number in range(5_000)),
]
ALPHABET = [
    *"abGO .,!?()\n\t\"'-",
    "good",
    "cheap",
    "ß",
    "İ",
    "É",
    "é",
    "Σ",
    "σ",
    "\r",
    "😀",
    "\u00a0",
    "\0",
]


def fitted(texts: Sequence[str | None], *, max_words: int = 200, pairs: bool = False) -> Fitted:
    """Fit on these texts; the parity check runs inside, on hard rows, too."""
    table = table_of({"review": ("string", texts)})
    (column,) = columns_of(review="string")
    setting: dict[str, Any] = {"encoding": "text", "max_words": max_words}
    if pairs:
        setting["ngram_range"] = [1, 2]
    values = {"target": "none", "columns": {"review": setting}, "min_category_rows": 2}
    rules = RoleRules.from_settings(Settings.model_validate(values), fit_rows=len(table))
    role = rules.choose_role(column, is_constant=False, values=table["review"])
    return fit(table, [role], rare_below=rules.rare_below)


def run(made: Fitted, texts: Sequence[str | None]) -> NDArray[np.float32]:
    return made.graph.run(made.plan.inputs.pack(table_of({"review": ("string", texts)})))


def test_the_graph_makes_what_a_vectorizer_makes_of_hard_texts() -> None:
    made = fitted(REVIEWS)
    vectorizer = TfidfVectorizer(
        analyzer=split_words, vocabulary=made.plan.texts[0].words, lowercase=False
    )
    vectorizer.fit([text or "" for text in REVIEWS])

    found, expected = run(made, HARD), vectorizer.transform(HARD).toarray()
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=0)
    assert (found[4] > 0).sum() == 1


def test_texts_of_plain_words_are_as_the_default_vectorizer_has_them() -> None:
    texts = ["good solid chair", "good cheap chair", "cheap cheap lamp", "solid lamp"]
    made = fitted(texts)
    default = TfidfVectorizer().fit(texts)

    names = [feature.name for feature in made.features]
    assert names == [f"review word {word}" for word in default.get_feature_names_out()]
    np.testing.assert_allclose(run(made, texts), default.transform(texts).toarray(), rtol=2e-7)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join), min_size=1, max_size=9)
)
def test_any_texts_give_what_a_vectorizer_gives(texts: list[str]) -> None:
    made = fitted(["good cheap", "good", "cheap", "a-b a-b", "a-b", *texts])
    role = made.plan.texts[0]
    vectorizer = TfidfVectorizer(analyzer=split_words, vocabulary=role.words, lowercase=False)
    vectorizer.fit(["good cheap", "good", "cheap", "a-b a-b", "a-b", *texts])

    np.testing.assert_allclose(
        run(made, texts), vectorizer.transform(pd.Series(texts)).toarray(), rtol=2e-7, atol=0
    )


def vectorizer_of(words: Sequence[str], texts: Sequence[str]) -> TfidfVectorizer:
    """Return scikit-learn's own pairs of these words."""
    return TfidfVectorizer(
        tokenizer=split_words,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2),
        vocabulary=words,
    ).fit(texts)


PAIRS = [
    "",
    "good",
    "good solid",
    "Good, SOLID chair. Solid chair!",
    "good  solid",
    "good\n\nsolid\nchair\nsolid chair",
    "good - solid",
    "good ... solid chair",
    "good-solid chair",
    "solid good solid good solid",
    "chair solid",
    "schön SOLID Schön solid",
    "SCHÖN solid",
    "(good solid) [chair]",
    "good\tsolid chair",
    " \n good solid \n ",
    "good " * 300 + "solid",
    "😀 good solid 👍🏽",
    "no é e\u0301 good solid",
]


def test_pairs_of_words_are_what_a_vectorizer_makes_of_hard_texts() -> None:
    made = fitted([text or "" for text in [*REVIEWS, *PAIRS]], pairs=True)
    words = made.plan.texts[0].words
    vectorizer = vectorizer_of(words, [text or "" for text in [*REVIEWS, *PAIRS]])

    assert {"good solid", "solid chair", "schön solid", "it broke"} <= {*words}
    texts = [*PAIRS, *HARD]
    np.testing.assert_allclose(
        run(made, texts), vectorizer.transform(texts).toarray(), rtol=2e-7, atol=0
    )


def test_words_and_pairs_of_plain_texts_are_as_the_default_vectorizer_has_them() -> None:
    texts = ["good solid chair", "good solid lamp", "cheap solid chair", "cheap lamp"]
    made = fitted(texts, pairs=True)
    default = TfidfVectorizer(ngram_range=(1, 2), min_df=2).fit(texts)

    names = [feature.name for feature in made.features]
    assert names == [f"review word {word}" for word in default.get_feature_names_out()]
    np.testing.assert_allclose(run(made, texts), default.transform(texts).toarray(), rtol=2e-7)


def test_max_words_bounds_words_and_pairs_together_as_max_features_does() -> None:
    texts = ["good solid chair"] * 3 + ["solid chair"] * 2 + ["lamp shade"] * 2
    made = fitted(texts, max_words=3, pairs=True)
    default = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=3).fit(texts)

    assert made.plan.texts[0].words == ("chair", "solid", "solid chair")
    assert {*default.get_feature_names_out()} == {*made.plan.texts[0].words}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join), min_size=1, max_size=9)
)
def test_any_texts_give_the_pairs_that_a_vectorizer_gives(texts: list[str]) -> None:
    corpus = ["good cheap", "good cheap", "cheap good", "cheap a-b", "cheap a-b", *texts]
    made = fitted(corpus, pairs=True)
    vectorizer = vectorizer_of(made.plan.texts[0].words, corpus)

    np.testing.assert_allclose(
        run(made, texts), vectorizer.transform(pd.Series(texts)).toarray(), rtol=2e-7, atol=0
    )


def test_a_pair_does_not_depend_on_the_other_rows_of_a_batch() -> None:
    made = fitted([*PAIRS, *PAIRS], pairs=True)
    together = run(made, [*PAIRS, *HARD])

    for text, row in zip([*PAIRS, *HARD], together, strict=True):
        np.testing.assert_array_equal(run(made, [text])[0], row)
    assert run(made, []).shape == (0, len(made.features))


def test_a_pair_may_have_a_word_of_one_character_that_is_no_feature_itself() -> None:
    words = fitted(["size m", "size m - x", "- m"], pairs=True).plan.texts[0].words

    assert words == ("size", "size m")


def test_pairs_use_operators_of_onnx_itself_only() -> None:
    model = onnx.load_from_string(fitted(["good chair"] * 2, pairs=True).model)

    assert {node.domain for node in model.graph.node} == {"", "ai.onnx.ml"}


def test_words_without_pairs_give_the_graph_without_pairs() -> None:
    texts = ["good", "good", "chair", "chair"]

    assert fitted(texts, pairs=True).model == fitted(texts).model


@pytest.mark.parametrize("value", [[2, 2], [1, 3], [1], "1, 2", [1, 2, 3]])
def test_another_range_of_pairs_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="ngram_range"):
        Settings.model_validate(
            {"target": "x", "columns": {"a": {"encoding": "text", "ngram_range": value}}}
        )


def test_a_range_without_a_text_is_refused() -> None:
    with pytest.raises(ValidationError, match="ngram_range is set, but encoding is not"):
        Settings.model_validate({"target": "x", "columns": {"a": {"ngram_range": [1, 2]}}})


def test_a_row_has_the_same_bits_alone_and_among_others() -> None:
    made = fitted(REVIEWS)
    together = run(made, [*REVIEWS, *HARD])

    for text, row in zip([*REVIEWS, *HARD], together, strict=True):
        np.testing.assert_array_equal(run(made, [text])[0], row)


def test_no_rows_give_no_rows() -> None:
    made = fitted(REVIEWS)

    assert run(made, []).shape == (0, len(made.features))


def test_many_rows_are_run_in_parts() -> None:
    texts = REVIEWS * 1_000

    assert run(fitted(REVIEWS), texts).shape[0] == len(texts)


def test_only_operators_of_onnx_itself_are_used() -> None:
    model = onnx.load_from_string(fitted(REVIEWS).model)

    assert {node.domain for node in model.graph.node} == {"", "ai.onnx.ml"}
    assert {o.domain: o.version for o in model.opset_import} == {"": 21, "ai.onnx.ml": 3}


def test_the_vocabulary_is_bounded() -> None:
    made = fitted(REVIEWS, max_words=3)

    assert [feature.name for feature in made.features] == [
        "review word broke",
        "review word cheap",
        "review word solid",
    ]
    assert {feature.role for feature in made.features} == {"word"}


def test_texts_without_a_word_that_repeats_are_refused() -> None:
    with pytest.raises(ContractError, match="no word stands in 2 of 2 fitted rows"):
        fitted(["one two", "three four"])


def test_equal_texts_give_equal_bytes() -> None:
    assert fitted(REVIEWS).model == fitted(list(REVIEWS)).model


def test_a_word_may_be_off_by_one_step_and_no_more() -> None:
    expected = np.array([[0.5, 0.5]], np.float32)
    step = np.nextafter(expected, np.float32(1), dtype=np.float32)
    features = [Feature("word", "review", "word"), Feature("number", "x", "number")]

    _compare(np.where([[True, False]], step, expected), expected, features=features)
    two = np.nextafter(step, np.float32(1), dtype=np.float32)
    for wrong, value in ((0, two), (1, step)):
        found = expected.copy()
        found[0, wrong] = value[0, wrong]
        with pytest.raises(ParityError, match="1 of 2 values"):
            _compare(found, expected, features=features)


def test_words_of_a_private_column_are_numbered() -> None:
    (column,) = columns_of(review="string")
    hidden = Role(
        type(column)("review", "string", {**column.field, "private": True}),
        "input",
        "text",
        words=("good", "solid"),
    )
    table = table_of({"review": ("string", REVIEWS)})

    names = [feature.name for feature in fit(table, [hidden], rare_below=2).features]
    assert names == ["review word #1", "review word #2"]
