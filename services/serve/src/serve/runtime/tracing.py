"""W3C Trace Context: a request's place in the caller's trace, or a new trace."""

import random
import re
from typing import NamedTuple

from opentelemetry.trace import get_current_span

_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
_NOT_SAMPLED = b"00"

# Ids must be unique, not secret; each process seeds its own generator.
_random_bits = random.getrandbits


class Trace(NamedTuple):
    """The trace id of a request, and the span id of this service."""

    id: bytes
    span: bytes
    flags: bytes

    def response(self) -> bytes:
        """Return the value of `traceresponse`."""
        return b"00-%b-%b-%b" % (self.id, self.span, self.flags)


def trace_of(traceparent: bytes | None) -> Trace:
    """Continue the caller's trace; start a new one if there is none or it is invalid."""
    current = get_current_span().get_span_context()
    if current.is_valid:  # FastAPI's instrumentation has started a span.
        parts = current.trace_id, current.span_id, current.trace_flags
        return Trace(b"%032x" % parts[0], b"%016x" % parts[1], b"%02x" % parts[2])
    span = b"%016x" % (_random_bits(64) or 1)
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    # Version 00 has four parts; parts of later versions are ignored.
    if found is None or (found[3] and found[0].startswith(b"00")):
        return Trace(b"%032x" % (_random_bits(128) or 1), span, _NOT_SAMPLED)
    return Trace(found[1], span, found[2])
