"""Target encoding: each category becomes the mean of its target, smoothed, as further features.

scikit-learn's TargetEncoder computes it. Its cross-fitting encodes a training row without the row's
own target. Columns are those that features encodes as a frequency and a code.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from modelling.data.problem import BINARY, Feature, Problem
from modelling.graphs.merging import FEATURES
from modelling.graphs.output_heads import EstimatorGraph
from modelling.model_selection.estimators import Estimator
from modelling.model_selection.trials import Hyperparameters
from modelling.opsets import ML_DOMAIN
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from optuna.distributions import CategoricalDistribution
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder
from stage_contract import SettingsError

from train.candidates.search_spaces import Space

HYPERPARAMETER = "target_encoding"
MAX_ENCODED_FEATURES = 32
"""Maximum number of further features; with many classes, they would outnumber the others."""

_FOLDS = 5
"""Number of folds of the cross-fitting, scikit-learn's default."""
_ENCODED = "encoded_features"

type Build = Callable[[Problem, Hyperparameters], Estimator]


class TargetEncodedEstimator:
    """An estimator that is fitted on the features and the target encodings of some columns."""

    def __init__(self, estimator: Any, columns: Sequence[int], *, outputs: int, seed: int) -> None:
        """Encode these columns, codes of categories; for more than one output, by class."""
        self.estimator = estimator
        self.columns = list(columns)
        self.encoders = [TargetEncoder(target_type="continuous") for _ in range(outputs)]
        self._seed = seed

    def fit(
        self,
        features: NDArray[np.float32],
        target: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        **validation: Any,
    ) -> "TargetEncodedEstimator":
        """Fit the encoders, which ignore weights, then the estimator."""
        folds = KFold(min(_FOLDS, len(target)), shuffle=True, random_state=self._seed)
        encoded = []
        for encoder, values in zip(self.encoders, self._outputs_of(target), strict=True):
            encoder.set_params(cv=folds)
            encoded.append(encoder.fit_transform(features[:, self.columns], values))
        if "X_val" in validation:
            validation["X_val"] = self._extend(validation["X_val"])
        self.estimator.fit(_append(features, encoded), target, sample_weight, **validation)
        return self

    def set_params(self, **params: Any) -> "TargetEncodedEstimator":
        """Set parameters of the estimator."""
        self.estimator.set_params(**params)
        return self

    @property
    def classes_(self) -> NDArray[np.int64]:
        """Classes in the training data."""
        return np.asarray(self.estimator.classes_)

    def predict(self, features: Any) -> NDArray[Any]:
        """Return predicted numbers, or the most likely classes."""
        return np.asarray(self.estimator.predict(self._extend(features)))

    def predict_proba(self, features: Any) -> NDArray[np.float64]:
        """Return the probability of each class."""
        return np.asarray(self.estimator.predict_proba(self._extend(features)))

    def staged_predict(self, features: Any) -> Iterator[NDArray[Any]]:
        """Yield the predicted numbers after each iteration."""
        yield from self.estimator.staged_predict(self._extend(features))

    def staged_predict_proba(self, features: Any) -> Iterator[NDArray[np.float64]]:
        """Yield the probabilities after each iteration."""
        yield from self.estimator.staged_predict_proba(self._extend(features))

    def tables(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Yield for each column its known codes [K], and the encodings [K+1,outputs].

        The last encoding is that of an unknown code.
        """
        for place in range(len(self.columns)):
            codes = self.encoders[0].categories_[place]
            known = [
                np.append(encoder.encodings_[place], encoder.target_mean_)
                for encoder in self.encoders
            ]
            yield codes.astype(np.float32), np.stack(known, axis=1).astype(np.float32)

    def _outputs_of(self, target: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
        """Yield the values to average for each output: numbers, or whether a row has a class."""
        if target.dtype.kind == "f":
            yield target
        elif len(self.encoders) == 1:
            yield (target == 1).astype(np.float64)
        else:
            for number in range(len(self.encoders)):
                yield (target == number).astype(np.float64)

    def _extend(self, features: Any) -> NDArray[np.float32]:
        codes = np.asarray(features)[:, self.columns]
        return _append(np.asarray(features), [each.transform(codes) for each in self.encoders])


def target_encoded(build: Build, problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Build an estimator, with target encoding if a hyperparameter says so."""
    rest = {name: value for name, value in hyperparameters.items() if name != HYPERPARAMETER}
    if not hyperparameters.get(HYPERPARAMETER):
        return build(problem, rest)
    columns, outputs = _code_columns(problem), _output_count(problem)
    further = [
        Feature(name=f"{source} mean {output}", source=source, role="target-encoding")
        for source in (problem.features[column].source for column in columns)
        for output in range(outputs)
    ]
    wider = problem.model_copy(update={"features": [*problem.features, *further]})
    return TargetEncodedEstimator(
        build(wider, rest), columns, outputs=outputs, seed=int(rest.get("random_state", 0))
    )


def innermost(estimator: Estimator) -> Estimator:
    """Return the estimator itself, without its target encoding."""
    return estimator.estimator if isinstance(estimator, TargetEncodedEstimator) else estimator


def count_encoded_features(problem: Problem) -> int:
    """Return the number of further features; 0 if target encoding is not possible."""
    count = len(_code_columns(problem)) * _output_count(problem)
    return count if count <= MAX_ENCODED_FEATURES else 0


def vary_target_encoding(space: Space, problem: Problem, given: Hyperparameters) -> Space:
    """Return the space with target encoding as one more hyperparameter, if it is possible.

    The starting points are tried with and without it in turns; a single one is tried both ways. If
    all other hyperparameters are given, this one is false unless it is given, too.

    Raises:
        SettingsError: It is set, and not possible.
    """
    is_searched = any(
        name not in given and not values.single() for name, values in space.varied.items()
    )
    if (is_searched or HYPERPARAMETER in given) and count_encoded_features(problem):
        points = space.starting_points
        points = [*points, *points] if len(points) == 1 else points
        return replace(
            space,
            varied={**space.varied, HYPERPARAMETER: CategoricalDistribution((True, False))},
            starting_points=[
                {**point, HYPERPARAMETER: number % 2 == 0} for number, point in enumerate(points)
            ],
        )
    if given.get(HYPERPARAMETER):
        raise SettingsError(_why_impossible(problem))
    if HYPERPARAMETER in given:
        return replace(space, fixed={**space.fixed, HYPERPARAMETER: False})
    return space


def target_encoding_graph(
    estimator: Any, problem: Problem, to_graph: Callable[[Any, Problem], EstimatorGraph]
) -> EstimatorGraph:
    """Return the graph of an estimator, after a lookup of the encodings if it needs them."""
    if not isinstance(estimator, TargetEncodedEstimator):
        return to_graph(estimator, problem)
    inner = to_graph(estimator.estimator, problem)
    for node in inner.nodes:
        node.input[:] = [_ENCODED if name == FEATURES else name for name in node.input]
    nodes: list[NodeProto] = []
    initializers: list[TensorProto] = []
    parts = [FEATURES]
    for column, (codes, encodings) in zip(estimator.columns, estimator.tables(), strict=True):
        names = {name: f"{name}_of_{column}" for name in ("column", "code", "row", "table")}
        parts.append(f"encoding_of_{column}")
        initializers += [
            numpy_helper.from_array(np.array(column), names["column"]),
            numpy_helper.from_array(encodings, names["table"]),
        ]
        nodes += [
            helper.make_node("Gather", [FEATURES, names["column"]], [names["code"]], axis=1),
            helper.make_node(
                "LabelEncoder",
                [names["code"]],
                [names["row"]],
                domain=ML_DOMAIN,
                keys_floats=codes.tolist(),
                values_int64s=list(range(len(codes))),
                default_int64=len(codes),
            ),
            helper.make_node("Gather", [names["table"], names["row"]], [parts[-1]], axis=0),
        ]
    nodes.append(helper.make_node("Concat", parts, [_ENCODED], axis=1))
    return EstimatorGraph(
        [*nodes, *inner.nodes], inner.output, [*initializers, *inner.initializers]
    )


def _append(
    features: NDArray[np.float32], encoded: Sequence[NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Return the features [N,F] and the encodings, column by column, in float32."""
    by_column = np.stack(encoded, axis=2).reshape(len(features), -1)
    return np.concatenate([features, by_column.astype(np.float32)], axis=1)


def _code_columns(problem: Problem) -> list[int]:
    return [place for place, each in enumerate(problem.features) if each.role == "ordinal"]


def _output_count(problem: Problem) -> int:
    """Return the number of means for a category: one, or one for each of many classes."""
    return problem.class_count if problem.class_count > BINARY else 1


def _why_impossible(problem: Problem) -> str:
    columns, outputs = len(_code_columns(problem)), _output_count(problem)
    name = f"[train] hyperparameters: {HYPERPARAMETER} = true"
    if not columns:
        return (
            f"{name}, but no column is encoded as a code; expected one with more categories than"
            " one_hot_up_to in [features]"
        )
    return (
        f"{name} would add {columns * outputs} features, one for each of {columns} columns and"
        f" {outputs} outputs; expected at most {MAX_ENCODED_FEATURES}"
    )
