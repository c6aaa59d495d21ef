"""MLflow: saves the models for `mlflow models serve`."""
# mypy: disable-error-code="import-not-found"

import json
import shutil

import joblib
import mlflow
import onnx
import pandas as pd
from mlflow.models import infer_signature

from bench.serve.peers.model import model_folder


def main() -> None:
    """Save the pipeline and the graph, as the documentation of the two flavors shows."""
    folder = model_folder()
    for engine in ("sklearn", "graph"):
        shutil.rmtree(folder / f"mlflow-{engine}", ignore_errors=True)
    pipeline = joblib.load(folder / "pipeline.joblib")
    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(json.loads((folder / "rows.json").read_text(encoding="utf-8")))
    rows = rows.astype(dict.fromkeys(columns["numbers"], float))
    mlflow.sklearn.save_model(
        pipeline,
        folder / "mlflow-sklearn",
        signature=infer_signature(rows, pipeline.predict_proba(rows)),
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )
    mlflow.onnx.save_model(
        onnx.load(folder / "model.onnx"),
        folder / "mlflow-graph",
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
        save_as_external_data=False,
    )


if __name__ == "__main__":
    main()
