"""The encoders: a scikit-learn ColumnTransformer, fitted on a sample of the training rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from features.data.tensors import Inputs, Tensors
from features.preprocessing.date_differences import Pair, days_between
from features.preprocessing.date_parts import pandas_parts
from features.preprocessing.roles import Role
from features.preprocessing.tfidf import encode_text, fit_text

MAX_SCALED = 1e30
"""Maximum scaled number: far beyond any data, and a linear model's sum stays a finite float32."""

UNKNOWN_CODE = -1


@dataclass(frozen=True)
class Plan:
    """Columns by encoding, each list in the order of the features."""

    numbers: tuple[str, ...]
    booleans: tuple[str, ...]
    dates: tuple[str, ...]
    with_hour: tuple[bool, ...]
    """For each date, whether it has a time of day."""
    missing: tuple[str, ...]
    """Numbers, booleans and dates with missing values in the fit sample."""
    categories: tuple[Role, ...]
    texts: tuple[Role, ...] = ()
    differences: tuple[Pair, ...] = ()

    @property
    def date_places(self) -> tuple[tuple[int, int], ...]:
        """The places of each difference's columns among the dates."""
        return tuple(
            (self.dates.index(first), self.dates.index(second))
            for first, second in self.differences
        )

    @property
    def inputs(self) -> Inputs:
        """The graph's inputs."""
        names = tuple(role.column.name for role in (*self.categories, *self.texts))
        return Inputs(numbers=(*self.numbers, *self.booleans, *self.dates), strings=names)


def plan_encoders(
    roles: Sequence[Role], *, missing: frozenset[str], differences: Sequence[Pair] = ()
) -> Plan:
    """Return the plan for the inputs among the roles."""

    def columns_with(encoding: str) -> tuple[str, ...]:
        return tuple(role.column.name for role in roles if role.encoding == encoding)

    dates = [role.column for role in roles if role.encoding == "date-parts"]
    plain = (*columns_with("number"), *columns_with("boolean"), *columns_with("date-parts"))
    return Plan(
        numbers=columns_with("number"),
        booleans=columns_with("boolean"),
        dates=tuple(column.name for column in dates),
        with_hour=tuple(column.type == "datetime" for column in dates),
        missing=tuple(name for name in plain if name in missing),
        categories=tuple(role for role in roles if role.categories),
        texts=tuple(role for role in roles if role.words),
        differences=tuple(differences),
    )


@dataclass(frozen=True)
class Encoders:
    """The fitted encoders: one transformer, and a vectorizer for each text column."""

    columns: ColumnTransformer | None
    """None if all columns are texts."""
    texts: tuple[TfidfVectorizer, ...]

    @property
    def blocks(self) -> Mapping[str, Any]:
        """The fitted encoders by the name of their block."""
        return {} if self.columns is None else self.columns.named_transformers_

    def category_encoder(self, index: int) -> Any:
        """Return the fitted encoder of a column of categories."""
        return self.blocks[f"category {index}"]


def fit_encoders(frame: pd.DataFrame, plan: Plan, *, rare_below: int) -> Encoders:
    """Return the fitted encoders."""
    return Encoders(
        _fit_columns(frame, plan, rare_below=rare_below),
        # Inside the ColumnTransformer, texts would need a dense matrix of all words.
        tuple(fit_text(frame[role.column.name], role) for role in plan.texts),
    )


def _fit_columns(frame: pd.DataFrame, plan: Plan, *, rare_below: int) -> ColumnTransformer | None:
    """Return one transformer of all blocks; a block without columns is left out."""
    parts = FunctionTransformer(pandas_parts, kw_args={"with_hour": plan.with_hour})
    between = FunctionTransformer(days_between, kw_args={"pairs": plan.date_places})
    saturate = FunctionTransformer(np.clip, kw_args={"a_min": -MAX_SCALED, "a_max": MAX_SCALED})
    blocks = [
        ("numbers", make_pipeline(_impute("median"), StandardScaler(), saturate), plan.numbers),
        ("booleans", _impute("most_frequent"), plan.booleans),
        ("dates", make_pipeline(_impute("median"), parts, StandardScaler()), plan.dates),
        (
            "differences",
            make_pipeline(between, _impute("median"), StandardScaler()),
            plan.dates if plan.differences else (),
        ),
        ("missing", MissingIndicator(features="all"), plan.missing),
        *(
            (
                f"category {index}",
                _category_encoder(role, len(frame), rare_below),
                [role.column.name],
            )
            for index, role in enumerate(plan.categories)
        ),
    ]
    used = [(name, encoder, list(columns)) for name, encoder, columns in blocks if columns]
    return ColumnTransformer(used, sparse_threshold=0).fit(frame) if used else None


def as_frame(tensors: Tensors, inputs: Inputs) -> pd.DataFrame:
    """Return the graph's input tensors as the table that scikit-learn takes."""
    columns = {
        name: pd.Series(values, dtype=values.dtype)
        for group, names in (("numbers", inputs.numbers), ("strings", inputs.strings))
        for name, values in zip(names, tensors[group].T if names else (), strict=True)
    }
    return pd.DataFrame(columns)


def encode(encoders: Encoders, frame: pd.DataFrame, plan: Plan) -> NDArray[np.float32]:
    """Return the features as scikit-learn makes them, in float32."""
    with np.errstate(over="ignore"):
        parts = [] if encoders.columns is None else [encoders.columns.transform(frame)]
        for vectorizer, role in zip(encoders.texts, plan.texts, strict=True):
            parts.append(encode_text(vectorizer, frame[role.column.name]))
        return np.concatenate([part.astype(np.float32) for part in parts], axis=1)


def _impute(strategy: str) -> SimpleImputer:
    # A column that is empty in the fit sample but not in the table must not vanish.
    return SimpleImputer(strategy=strategy, keep_empty_features=True)


def _category_encoder(role: Role, rows: int, rare_below: int) -> Any:
    if role.encoding == "one-hot":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=rare_below, sparse_output=False
        )
    if role.encoding == "ordered":
        return make_pipeline(
            OrdinalEncoder(
                categories=[list(role.categories)],
                handle_unknown="use_encoded_value",
                unknown_value=np.nan,
            ),
            SimpleImputer(strategy="median", add_indicator=True),
        )
    shares = {text: count / rows for text, count in role.categories.items()}
    return make_union(
        FunctionTransformer(_shares, kw_args={"shares": shares}),
        OrdinalEncoder(
            categories=[list(shares)],
            handle_unknown="use_encoded_value",
            unknown_value=UNKNOWN_CODE,
        ),
    )


def _shares(frame: pd.DataFrame, *, shares: Mapping[str, float]) -> NDArray[np.float64]:
    """Return for each text the share of fitted rows that have it; 0 for an unknown one."""
    return np.array([[shares.get(text, 0.0)] for text in frame.iloc[:, 0]])
