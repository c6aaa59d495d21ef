"""The kit does not blame an image for a failure of Docker's runtime."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import pytest
from conformance.harness.starting import start_container
from docker.errors import APIError
from docker.models.containers import Container

RUNTIME_FAILED = APIError(
    "500 Server Error: failed to create task for container: failed to create shim task: OCI runtime"
    " create failed: runc create failed: unable to start container process: waiting for init"
    " preliminary setup: read init-p: connection reset by peer: unknown"
)
NO_ROOM = APIError("500 Server Error: no space left on device")


@dataclass
class Starting:
    """A container that fails to start with these errors, one after the other."""

    errors: list[APIError]
    starts: int = field(default=0, init=False)

    def start(self) -> None:
        self.starts += 1
        if self.errors:
            raise self.errors.pop(0)


def starts_of(errors: Iterable[APIError]) -> tuple[Starting, Container]:
    starting = Starting(list(errors))
    return starting, cast(Container, starting)


def test_a_container_that_the_runtime_failed_to_start_is_started_again() -> None:
    starting, container = starts_of([RUNTIME_FAILED])

    start_container(container)

    assert starting.starts == 2


@pytest.mark.parametrize(
    ("errors", "starts"), [([RUNTIME_FAILED] * 2, 2), ([NO_ROOM], 1)], ids=["runtime", "disk"]
)
def test_a_container_that_can_not_be_started_is_an_error(
    errors: list[APIError], starts: int
) -> None:
    starting, container = starts_of(errors)

    with pytest.raises(APIError):
        start_container(container)

    assert starting.starts == starts
