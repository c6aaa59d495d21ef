"""W3C Trace Context: a request's place in the trace of its caller, or the start of a new trace."""

import random
import re
from typing import NamedTuple

from opentelemetry.trace import get_current_span

_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
_NOT_SAMPLED = b"00"

# Ids have to differ, not to be secret; the generator of `random` is seeded anew in each process.
_bits = random.getrandbits


class Trace(NamedTuple):
    """The trace that a request belongs to, and the id of this service's part in it."""

    id: bytes
    span: bytes
    flags: bytes

    def response(self) -> bytes:
        """Return the value of `traceresponse`."""
        return b"00-%b-%b-%b" % (self.id, self.span, self.flags)


def trace_of(traceparent: bytes | None) -> Trace:
    """Continue the caller's trace; start one where there is none, or none that can be read."""
    current = get_current_span().get_span_context()
    if current.is_valid:  # An exporter is set up, and FastAPI has begun a span.
        parts = current.trace_id, current.span_id, current.trace_flags
        return Trace(b"%032x" % parts[0], b"%016x" % parts[1], b"%02x" % parts[2])
    span = b"%016x" % (_bits(64) or 1)
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    # Version 00 has four parts; what a later one appends is not ours to understand.
    if found is None or (found[3] and found[0].startswith(b"00")):
        return Trace(b"%032x" % (_bits(128) or 1), span, _NOT_SAMPLED)
    return Trace(found[1], span, found[2])
