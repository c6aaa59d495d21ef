"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: I001  # the order is the order of running
from conformance.checks import image
from conformance.checks import feature_tables, feature_rows, transform
from conformance.checks import model_documents, model_graph
from conformance.checks import serve_basics, serve_answers, serve_rules, serve_following, serve_ends

__all__ = [
    "feature_rows",
    "feature_tables",
    "image",
    "model_documents",
    "model_graph",
    "serve_answers",
    "serve_basics",
    "serve_ends",
    "serve_following",
    "serve_rules",
    "transform",
]
