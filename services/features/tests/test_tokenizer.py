import unicodedata

import pytest
from features.preprocessing.tokenizer import (
    MAX_LINES_READ,
    MAX_WORDS_READ,
    extract_word,
    frequent_words,
    spellings,
    split_words,
)
from hypothesis import given
from hypothesis import strategies as st

PIECES = st.text(st.sampled_from([*"ab1éÉßİΣσ", *".,;:!?()[]\"'“”«»…-_"]), max_size=8)


def test_words_stand_between_spaces_and_line_feeds() -> None:
    assert split_words("one two\nthree") == ["one", "two", "three"]


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
    assert extract_word(piece) == word


@given(PIECES)
def test_a_piece_is_among_the_spellings_of_its_word_and_of_no_other(piece: str) -> None:
    word = extract_word(piece)

    assert not word or piece in spellings(word)
    assert all(extract_word(found) == word for found in spellings(word))


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
    assert split_words(text) == words


def test_characters_keep_the_form_that_they_came_in() -> None:
    composed, parted = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))

    assert split_words(f"{composed} {parted}") == [composed, parted]


def test_a_long_text_ends_after_so_many_parts() -> None:
    assert split_words("a " * 10_000) == ["a"] * MAX_WORDS_READ
    assert split_words("a\n" * 10)[:MAX_LINES_READ] == ["a", "a", "\n".join("a" * 8) + "\n"]


def test_the_words_of_most_texts_are_the_frequent_ones() -> None:
    texts = ["the cat the", "the dog", "a cat, a dog: x", "- cat -", ""]

    assert frequent_words(texts, min_texts=2, max_words=9) == ("cat", "dog", "the")
    assert frequent_words(texts, min_texts=2, max_words=2) == ("cat", "dog")
    assert frequent_words(texts, min_texts=4, max_words=2) == ()
