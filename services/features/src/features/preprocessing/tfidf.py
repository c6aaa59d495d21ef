"""Tf-idf of texts: scikit-learn with a bounded vocabulary, and the same as ONNX nodes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto
from sklearn.feature_extraction.text import TfidfVectorizer

from features.preprocessing.graph_builder import GraphBuilder
from features.preprocessing.roles import Role
from features.preprocessing.tokenizer import MAX_LINES_READ, MAX_WORDS_READ, spellings, split_words

_EMPTY = -1
"""Number of an empty piece, which separates no words."""


def fit_text(texts: pd.Series, role: Role) -> TfidfVectorizer:
    """Return a vectorizer of the words of a role, with fitted document frequencies."""
    return TfidfVectorizer(
        tokenizer=split_words,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2 if has_pairs(role) else 1),
        vocabulary=role.words,
    ).fit(texts)


def has_pairs(role: Role) -> bool:
    """Return whether pairs of words are features."""
    return any(" " in word for word in role.words)


def encode_text(vectorizer: TfidfVectorizer, texts: pd.Series) -> NDArray[np.float64]:
    """Return a column for each word, L2-normalized by row."""
    weights: NDArray[np.float64] = vectorizer.transform(texts).toarray()
    return weights


def add_text(
    graph: GraphBuilder, column_index: int, vectorizer: TfidfVectorizer, role: Role
) -> str:
    """Add nodes that compute the word features of one column of `strings`, as float32."""
    counts = _word_counts(graph, _pieces(graph, column_index), role)
    counted = graph.add("Cast", counts, to=TensorProto.DOUBLE)
    weighted = graph.add("Mul", counted, graph.constant(vectorizer.idf_))
    squares = graph.add("ReduceSumSquare", weighted, _integers(graph, 1), keepdims=1)
    # No word has a frequency below 1, so only a text without words has a norm below 1.
    norm = graph.add("Max", graph.add("Sqrt", squares), graph.double(1.0))
    return graph.add("Cast", graph.add("Div", weighted, norm), to=TensorProto.FLOAT)


def _pieces(graph: GraphBuilder, column_index: int) -> str:
    """Return the parts between spaces and line feeds, [N+1, any number], in lower case (A to Z).

    The added row holds one part, because the operators reject empty tensors.
    """
    column = graph.add(
        "Gather", "strings", graph.constant(np.array(column_index, np.int64)), axis=1
    )
    padded = graph.add("Concat", column, graph.texts(["-"]), axis=0)
    # The locale C exists on every machine and lowers A to Z only.
    lower = graph.add("StringNormalizer", padded, case_change_action="LOWER", locale="C")
    parts = graph.split(lower, " ", max_splits=MAX_WORDS_READ)
    limited = graph.slice(parts, 0, MAX_WORDS_READ, axis=1)
    lines = graph.split(limited, "\n", max_splits=MAX_LINES_READ - 1)
    return graph.add("Reshape", lines, _integers(graph, 0, -1))


def _word_counts(graph: GraphBuilder, pieces: str, role: Role) -> str:
    """Return the count of each word and pair in a row, as float32."""
    numbers = {
        word: number
        for number, word in enumerate(
            dict.fromkeys(word for term in role.words for word in term.split(" ")), 1
        )
    }
    known = [(piece, number) for word, number in numbers.items() for piece in spellings(word)]
    if has_pairs(role):
        known.append(("", _EMPTY))
    found = graph.add(
        "LabelEncoder",
        pieces,
        domain="ai.onnx.ml",
        keys_strings=[piece for piece, _ in known],
        values_int64s=[number for _, number in known],
        default_int64=0,
    )
    single = [(place, term) for place, term in enumerate(role.words) if " " not in term]
    pairs = [(place, term) for place, term in enumerate(role.words) if " " in term]
    counts = graph.add(
        "TfIdfVectorizer",
        _skip_empty(graph, found) if pairs else found,
        mode="TF",
        min_gram_length=1,
        max_gram_length=2 if pairs else 1,
        max_skip_count=0,
        ngram_counts=[0, len(single)] if pairs else [0],
        ngram_indexes=[place for place, _ in (*single, *pairs)],
        pool_int64s=[numbers[word] for _, term in (*single, *pairs) for word in term.split(" ")],
    )
    return graph.slice(counts, 0, -1, axis=0)


def _skip_empty(graph: GraphBuilder, numbers: str) -> str:
    """Return the numbers with those of empty pieces at the end of each row.

    Other rows of the batch decide how many empty pieces are between two words.
    """
    width = graph.slice(graph.add("Shape", numbers), 1, 2, axis=0)
    length = graph.add("Squeeze", width)
    zero, one = (graph.constant(np.array(value, np.int64)) for value in (0, 1))
    places = graph.add("Range", zero, length, one)
    is_empty = graph.add("Equal", numbers, graph.constant(np.array(_EMPTY, np.int64)))
    keys = graph.add("Where", is_empty, graph.add("Add", places, length), places)
    order = graph.add("TopK", keys, width, axis=1, largest=0, sorted=1)
    graph.nodes[-1].output.append(f"{order}_indices")
    return graph.add("GatherElements", numbers, f"{order}_indices", axis=1)


def _integers(graph: GraphBuilder, *values: int) -> str:
    return graph.constant(np.array(values, np.int64))
