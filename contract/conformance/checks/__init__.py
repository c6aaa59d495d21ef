"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: I001  # the order of these lines is the order of running
from conformance.checks import image
from conformance.checks import artifact
from conformance.checks import sandbox
from conformance.checks import ingest
from conformance.checks import clean
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
    "hostile",
    "image",
    "ingest",
    "large",
    "logs",
    "refusals",
    "repeating",
    "sandbox",
    "settings",
]
