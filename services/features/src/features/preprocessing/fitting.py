"""Fitting: from the fit sample to a graph that passed the parity check."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.preprocessing.date_differences import Pair
from features.preprocessing.encoders import Plan, as_frame, fit_encoders, plan_encoders
from features.preprocessing.feature_names import Feature, name_features
from features.preprocessing.memory_estimate import check_fit
from features.preprocessing.onnx_export import export
from features.preprocessing.parity import check_parity
from features.preprocessing.roles import Role
from features.preprocessing.session import Graph


@dataclass(frozen=True)
class Fitted:
    """The fitted preprocessing: clean rows in, features out."""

    plan: Plan
    features: Sequence[Feature]
    model: bytes
    """transform.onnx."""
    graph: Graph


def fit(
    sample: pa.Table, roles: Sequence[Role], *, rare_below: int, differences: Sequence[Pair] = ()
) -> Fitted:
    """Fit the encoders, export them, and check the export against them.

    Raises:
        SettingsError: The memory does not suffice for this number of rows.
    """
    missing = frozenset(name for name in sample.column_names if sample[name].null_count)
    plan = plan_encoders(roles, missing=missing, differences=differences)
    check_fit(plan, rows=sample.num_rows, rare_below=rare_below)
    tensors = plan.inputs.pack(sample)
    encoders = fit_encoders(as_frame(tensors, plan.inputs), plan, rare_below=rare_below)
    features = name_features(encoders, plan)
    model = export(encoders, plan, width=len(features))
    fitted = Fitted(plan, features, model, Graph(model))
    check_parity(fitted.graph, encoders, plan=plan, features=features, sample=tensors)
    return fitted
