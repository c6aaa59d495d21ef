"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: I001  # the order of these lines is the order of running
from conformance.checks import image
from conformance.checks import artifact
from conformance.checks import sandbox
from conformance.checks import ingest
from conformance.checks import clean
from conformance.checks import feature_tables
from conformance.checks import feature_rows
from conformance.checks import transform
from conformance.checks import feature_target
from conformance.checks import model_documents
from conformance.checks import model_examples
from conformance.checks import model_graph
from conformance.checks import serve_basics
from conformance.checks import serve_answers
from conformance.checks import serve_forms
from conformance.checks import serve_rules
from conformance.checks import serve_bodies
from conformance.checks import serve_following
from conformance.checks import serve_ends
from conformance.checks import hostile
from conformance.checks import refusals
from conformance.checks import settings
from conformance.checks import repeating
from conformance.checks import large
from conformance.checks import endings
from conformance.checks import logs

__all__ = [
    "artifact",
    "clean",
    "endings",
    "feature_rows",
    "feature_tables",
    "feature_target",
    "hostile",
    "image",
    "ingest",
    "large",
    "logs",
    "model_documents",
    "model_examples",
    "model_graph",
    "refusals",
    "repeating",
    "sandbox",
    "serve_answers",
    "serve_basics",
    "serve_bodies",
    "serve_ends",
    "serve_following",
    "serve_forms",
    "serve_rules",
    "settings",
    "transform",
]
