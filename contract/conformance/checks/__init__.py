"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: I001  # the order is the order of running
from conformance.checks import image
from conformance.checks import feature_tables, feature_rows, transform

__all__ = ["feature_rows", "feature_tables", "image", "transform"]
