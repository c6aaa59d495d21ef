"""The live model: loaded, tested on its examples, and followed as LATEST moves."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from stage_contract import LOGGER, Artifact, ContractError, open_artifact, read_pointer
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.reading import read_pinned
from stage_contract.artifacts.verdicts import refusal

from serve.cells import Clean, Column, Signature, absent, compile_rules

_TOLERANCE = 1e-5
_TYPES: Mapping[str, Any] = {"numbers": np.float64, "strings": np.object_}


@dataclass(frozen=True)
class Model:
    """A model with everything that belongs to it."""

    id: str
    manifest: Mapping[str, Any]
    document: Mapping[str, Any]
    """model.json."""
    columns: Mapping[str, Column]
    rules: Mapping[str, Clean]
    examples: Sequence[Mapping[str, Any]]
    session: ort.InferenceSession

    @property
    def target(self) -> str:
        return str(self.document["target"]["name"])

    @property
    def classes(self) -> list[Any] | None:
        return self.document["classes"]  # type: ignore[no-any-return]  # as model.schema.json says

    def run(self, cells: Mapping[str, Sequence[Any]]) -> list[NDArray[Any]]:
        """Return predictions, or probabilities and labels, for cleaned columns."""
        feed = {}
        for group, kind in _TYPES.items():
            members = [each for each in self.columns.values() if each.input.group == group]
            if members:
                members.sort(key=lambda column: column.input.index)
                feed[group] = np.array([cells[each.name] for each in members], kind).T
        outputs = ["prediction"] if self.classes is None else ["probabilities", "label"]
        return self.session.run(outputs, feed)  # type: ignore[no-any-return]  # it has no types


def load(artifact: Artifact) -> Model:
    """Load and test a model; raises a ContractError if it must not be served."""
    artifact.verify()
    try:
        document = json.loads(artifact.file("model.json").read_bytes())
        signature = Signature.model_validate(document["signature"])
        columns = {column.name: column for column in signature.fields}
        rules = {name: compile_rules(column, signature) for name, column in columns.items()}
        lines = artifact.file("examples.jsonl").read_text(encoding="utf-8").splitlines()
        examples = [json.loads(line) for line in lines]
        session = ort.InferenceSession(artifact.file("model.onnx").read_bytes())
        model = Model(artifact.id, artifact.manifest, document, columns, rules, examples, session)
        difference = _replay(model)
    except ContractError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ContractError(f"model {artifact.id}: {type(error).__name__}: {reason}") from error
    # The negated form also fails for NaN.
    if not difference <= _TOLERANCE:
        raise ContractError(f"model {artifact.id}: its examples differ by {difference:.2g}")
    return model


def _replay(model: Model) -> float:
    """Return the largest difference between the graph's and the expected outputs."""
    cells = {
        # Examples hold no private values, not even required ones.
        name: [
            absent(column) if column.private else model.rules[name](each["row"].get(name))
            for each in model.examples
        ]
        for name, column in model.columns.items()
    }
    found = model.run(cells)[0].astype(np.float64)
    expected = np.array([each["expected"] for each in model.examples], np.float64)
    expected = expected.reshape(found.shape)
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())


class Follower(threading.Thread):
    """Keeps `model` at what LATEST names, as far as that may be served."""

    def __init__(self, volume: Path, seconds: float) -> None:
        super().__init__(daemon=True)
        self._volume, self._seconds = volume, seconds
        self.model: Model | None = None
        self.refused: dict[str, str] | None = None
        self._seen: str | None = None

    def run(self) -> None:
        """Look for another model until the process ends."""
        while True:
            self.look()
            time.sleep(self._seconds)

    def look(self) -> None:
        """Take what LATEST names, unless it is the same as before."""
        before = self._seen
        try:
            self._seen = read_pointer(self._volume) or before
            if self._seen not in {None, before}:
                self._take(str(self._seen))
        except ContractError as error:
            self.refused = {"id": self._seen or "", "reason": str(error)}
        except OSError as error:
            # The next look may succeed.
            self._seen, self.refused = before, {"id": "", "reason": str(error)}

    def _take(self, latest: str) -> None:
        try:
            self.model, self.refused = load(open_artifact(self._volume / latest, "model")), None
            LOGGER.info("serves model %s", latest)
        except ContractError as error:
            self.refused = {"id": latest, "reason": str(error)}
            LOGGER.error("refuses model %s: %s", latest, error)  # no bug
            if self.model is None:
                self.model = next(self._others(latest), None)

    def _others(self, latest: str) -> Iterator[Model]:
        """Yield the models that may be served at the start, newest first."""
        pinned, is_old_enough = read_pinned(self._volume), False
        for path in newest_first(self._volume):
            is_old_enough = is_old_enough or pinned in (None, path.name)
            if path.name == latest or not is_old_enough or refusal(path):
                continue
            try:
                yield load(open_artifact(path, "model"))
            except ContractError:
                continue
