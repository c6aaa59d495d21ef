"""What the tests of swaps share: a pipeline of a module's own."""

from collections.abc import Callable

import pytest
from support.running import Pipeline
from support.swapped_clean import up_with


@pytest.fixture(scope="module")
def pipeline(
    request: pytest.FixtureRequest,
    swap_images: dict[str, str],  # noqa: ARG001  # built before it starts
    session_pipelines: Callable[..., Pipeline],
) -> Pipeline:
    """Return a pipeline that is up, with the swap of clean that the module names as SWAP."""
    return up_with(request.module.SWAP, session_pipelines)
