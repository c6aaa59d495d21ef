"""Documents that the page shows: each is read within its bound, as a typed value."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from stage_contract import ContractError
from stage_contract.artifacts.plain_files import open_plain

MAX_LISTED = 100
"""Maximum number of metrics, checks and leaks that the page shows."""

type Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
type Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
type Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
type Score = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
"""A number whose differences to others are finite."""
type Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its offset; `check_times` refuses one that is out of range in UTC."""


def read_document[T](path: Path, shape: type[T], *, max_bytes: int) -> T:
    """Return a JSON file of at most `max_bytes` bytes; unknown keys are ignored.

    Raises:
        FileNotFoundError: It is missing.
        ContractError: It is larger, no plain file, or does not fit the shape.
    """
    try:
        with open_plain(path) as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise
    except (OSError, ContractError):
        raise _damaged(path.name) from None
    if len(content) > max_bytes:
        raise ContractError(f"{path.name} has more than {max_bytes:,} bytes, too many to show")
    return decode(content, shape, name=path.name)


def decode[T](content: bytes | msgspec.Raw, shape: type[T], *, name: str) -> T:
    """Return JSON as a typed value.

    Raises:
        ContractError: It does not fit the shape.
    """
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _damaged(name) from None


def check_times(*times: datetime | None) -> None:
    """Check times that may be out of range in UTC.

    Raises:
        ValueError: One is.
    """
    for time in times:
        try:
            if time is not None:
                time.astimezone(UTC)
        except OverflowError:
            raise ValueError("a time is out of range") from None


def _damaged(name: str) -> ContractError:
    return ContractError(f"{name} is damaged")
