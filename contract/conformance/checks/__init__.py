"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: I001  # the order is the order of running
from conformance.checks import image

__all__ = ["image"]
