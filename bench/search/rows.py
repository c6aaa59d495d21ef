"""The training and held-out rows of features, taken from clean-data."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet
from stage_contract import Artifact, open_latest


@dataclass(frozen=True)
class Side:
    """The rows of one side of the split."""

    frame: pd.DataFrame
    """The model's input columns: texts as categories, times as datetimes."""
    target: NDArray[Any]
    """Numbers, or class indexes."""
    rows: list[dict[str, Any]]
    """The same rows as inputs of the graph."""


@dataclass(frozen=True)
class Split:
    """Both sides of the split, and the task."""

    train: Side
    test: Side
    classes: list[Any] | None
    is_by_time: bool


def read_split(volumes: Path) -> Split:
    """Return the training rows and the held-out rows.

    The training rows are the rows of clean-data with a target that are not held out.
    """
    features = open_latest(volumes / "feature-data", "feature-data")
    clean = _table(open_latest(volumes / "clean-data", "clean-data"), "table")
    held_out = _table(features, "test-rows")
    document = json.loads(features.file("features.json").read_bytes())
    inputs = _inputs(features)
    chosen = clean.filter(pa.array(~_are_among(clean, held_out)))
    is_by_time = document["split"]["kind"] == "time"
    if is_by_time:
        # FLAML takes its validation rows by position, so the rows are sorted by time.
        chosen = chosen.sort_by(document["split"]["column"])
    train = _side(chosen, document, inputs)
    test = _side(held_out, document, inputs)
    for name in train.frame.columns:
        if isinstance(train.frame[name].dtype, pd.CategoricalDtype):
            test.frame[name] = test.frame[name].astype(train.frame[name].dtype)
    learnt = sum(parquet.read_metadata(path).num_rows for path in features.files("train"))
    if len(train.target) != learnt:
        raise SystemExit(f"{len(train.target)} training rows were found, train had {learnt}")
    return Split(train, test, document["classes"], is_by_time)


def _table(artifact: Artifact, folder: str) -> pa.Table:
    return pa.concat_tables([parquet.read_table(path) for path in artifact.files(folder)])


def _inputs(features: Artifact) -> list[str]:
    fields = json.loads(features.file("schema.json").read_bytes())["fields"]
    return [field["name"] for field in fields]


def _are_among(table: pa.Table, others: pa.Table) -> NDArray[np.bool_]:
    """Return a mask of the rows of a table that are in another table with the same columns."""
    keys, known = (_keys(each.select(others.column_names)) for each in (table, others))
    return np.asarray(keys.isin(known))


def _keys(table: pa.Table) -> pd.Series:
    """Return a number for each row, from its texts: pandas' types depend on missing values."""
    texts = {name: table[name].cast(pa.string()).fill_null("\0") for name in table.column_names}
    return pd.util.hash_pandas_object(pa.table(texts).to_pandas(), index=False)


def _side(table: pa.Table, document: dict[str, Any], inputs: list[str]) -> Side:
    target = _target(table, document["target"], document["classes"])
    has_target = pd.notna(target)
    table = table.filter(pa.array(has_target))
    frame = table.select(inputs).to_pandas()
    for name, kind in zip(inputs, table.select(inputs).schema.types, strict=True):
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            frame[name] = pd.to_datetime(frame[name]).dt.tz_localize(None)
        elif pd.api.types.is_string_dtype(frame[name]) or frame[name].dtype == object:
            frame[name] = frame[name].astype("category")
    return Side(frame, np.asarray(target[has_target].tolist()), table.select(inputs).to_pylist())


def _target(table: pa.Table, target: dict[str, Any], classes: list[Any] | None) -> NDArray[Any]:
    """Return numbers, or class indexes; None or NaN for a row without target."""
    values = table[target.get("column", target["name"])].to_pandas()
    if (above := target.get("above")) is not None:
        values = (values > above).where(values.notna(), None)
    if classes:
        places = {each: index for index, each in enumerate(classes)}
        values = values.map(places)
    found: NDArray[Any] = values.to_numpy()
    return found
