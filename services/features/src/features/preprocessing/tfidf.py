"""Tf-idf of texts: scikit-learn with a bounded vocabulary, and the same as ONNX nodes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto
from sklearn.feature_extraction.text import TfidfVectorizer

from features.preprocessing.graph_builder import GraphBuilder
from features.preprocessing.roles import Role
from features.preprocessing.tokenizer import MAX_LINES_READ, MAX_WORDS_READ, spellings, split_words


def fit_text(texts: pd.Series, role: Role) -> TfidfVectorizer:
    """Return a vectorizer of the words of a role, with fitted document frequencies."""
    return TfidfVectorizer(analyzer=split_words, vocabulary=role.words, lowercase=False).fit(texts)


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
    """Return the count of each word in a row, as float32."""
    known = [
        (piece, number) for number, word in enumerate(role.words, 1) for piece in spellings(word)
    ]
    numbers = graph.add(
        "LabelEncoder",
        pieces,
        domain="ai.onnx.ml",
        keys_strings=[piece for piece, _ in known],
        values_int64s=[number for _, number in known],
        default_int64=0,
    )
    counts = graph.add(
        "TfIdfVectorizer",
        numbers,
        mode="TF",
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=list(range(len(role.words))),
        pool_int64s=list(range(1, len(role.words) + 1)),
    )
    return graph.slice(counts, 0, -1, axis=0)


def _integers(graph: GraphBuilder, *values: int) -> str:
    return graph.constant(np.array(values, np.int64))
