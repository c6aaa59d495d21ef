"""What makes an artifact valid, and a refusal proper: each function returns, or raises Fault."""

from conformance.validity.outcomes import check_outcome, check_refusal
from conformance.validity.published import Published, published
from conformance.validity.whole import check_whole

__all__ = ["Published", "check_outcome", "check_refusal", "check_whole", "published"]
