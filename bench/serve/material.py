"""The material of the requests: the table, both models, the rows, and the expected answers."""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bench.serve.peers.model import Graph

_EMPTIED = {"dep_delay": 0.05, "carrier": 0.01}
"""Share of cells to empty: the columns have no missing values for flights that arrived."""
_KEY = ["month", "day", "sched_dep_time", "flight", "origin", "dest", "tailnum"]
_LATE_MINUTES = 15
_ROWS = 1000


def main() -> None:
    """Create the table, or the material that derives from it and the trained model."""
    parser = argparse.ArgumentParser(prog="material", description=__doc__)
    parser.add_argument("--table", nargs=2, type=Path, metavar=("SOURCE", "TABLE"))
    parser.add_argument("--model", nargs=2, type=Path, metavar=("VOLUMES", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.table:
        make_table(*arguments.table)
    if arguments.model:
        make_model(*arguments.model)


def make_table(source: Path, table: Path) -> None:
    """Write a table with some cells emptied, always the same ones."""
    table.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.read_csv(source, dtype=str, keep_default_na=False)
    random = np.random.default_rng(0)
    for column, share in _EMPTIED.items():
        frame.loc[random.random(len(frame)) < share, column] = "NA"
    frame.to_csv(table, index=False, compression={"method": "gzip", "compresslevel": 1, "mtime": 0})


def make_model(volumes: Path, folder: Path) -> None:
    """Write both models and the requests, unless they exist for this artifact."""
    model, features, clean = (
        _live(volumes / kind) for kind in ("model", "feature-data", "clean-data")
    )
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text(encoding="ascii") == model.name:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(model / "model.onnx", folder)
    about = json.loads((model / "model.json").read_text(encoding="utf-8"))
    fields = about["signature"]["fields"]
    columns = _columns(fields)
    _write(folder / "columns.json", columns)

    test = pd.read_parquet(features / "test-rows")
    pipeline = _pipeline(columns, about["estimator"]["hyperparameters"])
    training = _training_rows(pd.read_parquet(clean / "table"), test)
    pipeline.fit(_typed(training, columns), training["arr_delay"] > _LATE_MINUTES)
    joblib.dump(pipeline, folder / "pipeline.joblib")
    asked = test.sample(_ROWS, random_state=0)[columns["numbers"] + columns["strings"]]
    whole = [field["name"] for field in fields if field["type"] == "integer"]
    rows = json.loads(asked.astype(dict.fromkeys(whole, "Int64")).to_json(orient="records"))
    _write(folder / "rows.json", rows)
    expected = {
        "sklearn": pipeline.predict_proba(_typed(asked, columns))[:, 1].tolist(),
        "graph": Graph(folder).predict_rows(rows),
    }
    _write(folder / "expected.json", expected)
    stamp.write_text(model.name, encoding="ascii")


def _columns(fields: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the columns of the graph's inputs, and those that are integers and never missing."""
    fields = sorted(fields, key=lambda field: field["input"]["index"])
    return {
        "numbers": [field["name"] for field in fields if field["input"]["group"] == "numbers"],
        "strings": [field["name"] for field in fields if field["input"]["group"] == "strings"],
        "integers": [
            field["name"]
            for field in fields
            if field["type"] == "integer" and field.get("constraints", {}).get("required")
        ],
    }


def _live(volume: Path) -> Path:
    return volume / (volume / "LATEST").read_text(encoding="ascii").strip()


def _training_rows(table: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Return the labelled rows that our model was trained on."""
    known = pd.MultiIndex.from_frame(table[_KEY])
    return table[table["arr_delay"].notna() & ~known.isin(pd.MultiIndex.from_frame(test[_KEY]))]


def _pipeline(columns: dict[str, list[str]], hyperparameters: dict[str, Any]) -> Pipeline:
    """Return a pipeline as in scikit-learn's guide, with the trees of our model."""
    trees = {key: value for key, value in hyperparameters.items() if key != "target_encoding"}
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    strings = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    encoder = ColumnTransformer(
        [("numbers", numbers, columns["numbers"]), ("strings", strings, columns["strings"])]
    )
    return make_pipeline(encoder, HistGradientBoostingClassifier(**trees))


def _typed(rows: pd.DataFrame, columns: dict[str, list[str]]) -> pd.DataFrame:
    numbers = rows[columns["numbers"]].astype(float)
    return numbers.join(rows[columns["strings"]])


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
