"""Decisions about models, written by the admission process and read by the workers."""

from typing import Final

import msgspec

from serve.model.refusals import Refused
from serve.runtime.shared_state import SharedState

NOTHING_PUBLISHED: Final = "no model was published yet; `make up` trains one"


class Admitted(msgspec.Struct, frozen=True):
    """A model that has passed its test, with the measurements."""

    id: str
    content: str
    """The content digest of the tested files."""
    sorted_by: int | None = None
    """Index of the number by which many rows are sorted to run fast; None: not sorted."""
    kept_bytes: int = 0
    """Memory of the loaded model, in bytes."""
    peak_bytes: int = 0
    """Peak memory while it was loaded and answered its examples, in bytes."""
    seconds: float = 0.0


class Decision(msgspec.Struct, frozen=True):
    """The model that should be live, and the refused one."""

    admitted: Admitted | None = None
    refused: Refused | None = None
    """The model in LATEST, if it is not served."""
    refusals: dict[str, int] = msgspec.field(default_factory=dict)
    """Number of refused models so far, by cause."""
    trying: str | None = None
    """The model that is being tested while none is live."""
    idle: str = NOTHING_PUBLISHED
    """Why no model is live, if none was refused."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Decision).decode


def write_decision(shared_state: SharedState, decision: Decision) -> None:
    """Publish a decision to all workers."""
    shared_state.write(shared_state.admission, _encode(decision))


def read_decision(shared_state: SharedState) -> Decision | None:
    """Return the latest decision; None before the first one."""
    note = shared_state.read(shared_state.admission)
    return _decode(note) if note else None
