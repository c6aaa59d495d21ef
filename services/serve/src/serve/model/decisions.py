"""What was decided about models, as who admits them writes it for the workers to read."""

from typing import Final

import msgspec

from serve.model.refusals import Refused
from serve.runtime.shared_state import SharedState

NOTHING_PUBLISHED: Final = "no model was published yet; `make up` trains one"


class Admitted(msgspec.Struct, frozen=True):
    """A model that has passed its trial, and what that took."""

    id: str
    content: str
    """The digest of the files that were tried."""
    sorted_by: int | None = None
    """The number in whose order many rows run fast."""
    kept_bytes: int = 0
    """Memory of the loaded model."""
    most_bytes: int = 0
    """Memory at the most while it was loaded and answered its examples."""
    seconds: float = 0.0


class Decision(msgspec.Struct, frozen=True):
    """Which model is to be live, and which one is refused."""

    admitted: Admitted | None = None
    refused: Refused | None = None
    """What LATEST names, if that is not served."""
    refusals: dict[str, int] = msgspec.field(default_factory=dict)
    """Models refused so far, by cause."""
    trying: str | None = None
    """What is tried now, while no model is live."""
    idle: str = NOTHING_PUBLISHED
    """Why no model is live if none was refused."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Decision).decode


def write_decision(shared_state: SharedState, decision: Decision) -> None:
    """Let all workers know."""
    shared_state.write(shared_state.admission, _encode(decision))


def read_decision(shared_state: SharedState) -> Decision | None:
    """Return the latest decision; None before the first one."""
    note = shared_state.read(shared_state.admission)
    return _decode(note) if note else None
