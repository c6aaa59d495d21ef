"""Why a model is not admitted."""

from typing import Literal

from stage_contract import ContractError

type Cause = Literal["artifact", "examples", "latency", "memory", "signature", "bug"]
"""For those who count; `artifact` is everything that breaks the contract."""

MEASURED: frozenset[Cause] = frozenset({"latency", "memory"})
"""Their reasons name a figure."""


class RefusedError(ContractError):
    """A whole artifact holds a model that must not go live."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(error: Exception) -> Cause:
    """Return which part of the admission test an error comes from."""
    return error.cause if isinstance(error, RefusedError) else "artifact"
