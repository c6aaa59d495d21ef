"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: I001  # the order is the order of running
from conformance.checks import image
from conformance.checks import feature_tables, feature_rows, transform
from conformance.checks import model_documents, model_graph

__all__ = [
    "feature_rows",
    "feature_tables",
    "image",
    "model_documents",
    "model_graph",
    "transform",
]
