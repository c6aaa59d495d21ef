"""Scores our model on the same rows: `python -m bench.search.judging VOLUMES METRIC RESULT`."""

import json
import sys
from pathlib import Path

import onnxruntime as ort
from conformance.models.scores import known_scores
from conformance.models.tensors import pack
from stage_contract import open_latest

from bench.search.rows import read_split


def main() -> None:
    """Score `model.onnx` as served, with the function that scores FLAML."""
    volumes, metric, result = Path(sys.argv[1]), *sys.argv[2:]
    split = read_split(volumes)
    model = open_latest(volumes / "model", "model")
    document = json.loads(model.file("model.json").read_bytes())
    session = ort.InferenceSession(str(model.file("model.onnx")))
    fields = [field for field in document["signature"]["fields"] if "input" in field]
    output = "probabilities" if split.classes else "prediction"
    (predicted,) = session.run([output], pack(split.test.rows, fields))
    classes = len(split.classes) if split.classes else None
    score = known_scores([metric], classes=classes)[metric]
    figures = {
        "score": score(split.test.target, predicted),
        "published": document["metrics"][metric]["value"],
        "estimator": document["estimator"]["name"],
        "trials": len(document["candidates"]),
    }
    Path(result).write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
