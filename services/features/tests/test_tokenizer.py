import unicodedata

import pytest
from features.preprocessing.tokenizer import (
    LINES_READ,
    WORDS_READ,
    frequent_words,
    spellings,
    word_in,
    words_of,
)
from hypothesis import given
from hypothesis import strategies as st

PIECES = st.text(st.sampled_from([*"ab1éÉßİΣσ", *".,;:!?()[]\"'“”«»…-_"]), max_size=8)


def test_words_stand_between_spaces_and_line_feeds() -> None:
    assert words_of("one two\nthree") == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("piece", "word"),
    [
        ("good", "good"),
        ("good.", "good"),
        ("(good)", "good"),
        ('"good",', "good"),
        ("good!!!", "good"),
        ("it's", "it's"),
        ("well-made,", "well-made"),
        ("3.5", "3.5"),
        ("((good))", "(good)"),
        (".", "."),
        ("good.\r", "good"),
        ("(Übung),", "übung"),
        ("", ""),
    ],
)
def test_marks_around_a_word_are_dropped(piece: str, word: str) -> None:
    assert word_in(piece) == word


@given(PIECES)
def test_a_piece_is_among_the_spellings_of_its_word_and_of_no_other(piece: str) -> None:
    word = word_in(piece)

    assert not word or piece in spellings(word)
    assert all(word_in(found) == word for found in spellings(word))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GOOD gOOd", ["good", "good"]),
        ("Übung übung ÜBUNG üBUNG", ["übung"] * 4),
        ("Хорошо хорошо ХОРОШО хоРОшо", ["хорошо"] * 3 + ["хоРОшо"]),
        ("ΣΟΦΟΣ σοφος", ["σοφος"] * 2),
        ("Straße STRASSE STRAẞE", ["straße", "strasse", "straẞe"]),
        ("İstanbul istanbul ISTANBUL", ["İstanbul", "istanbul", "istanbul"]),
    ],
)
def test_words_are_small(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_characters_keep_the_form_that_they_came_in() -> None:
    composed, parted = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))

    assert words_of(f"{composed} {parted}") == [composed, parted]


def test_a_long_text_ends_after_so_many_parts() -> None:
    assert words_of("a " * 10_000) == ["a"] * WORDS_READ
    assert words_of("a\n" * 10)[:LINES_READ] == ["a", "a", "\n".join("a" * 8) + "\n"]


def test_the_words_of_most_texts_are_the_frequent_ones() -> None:
    texts = ["the cat the", "the dog", "a cat, a dog: x", "- cat -", ""]

    assert frequent_words(texts, at_least=2, at_most=9) == ("cat", "dog", "the")
    assert frequent_words(texts, at_least=2, at_most=2) == ("cat", "dog")
    assert frequent_words(texts, at_least=4, at_most=2) == ()
