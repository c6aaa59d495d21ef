"""The kit finds no fault in any image of swaps/."""

import docker
import pytest
from support.breaking import faults_in, verdicts
from support.running import SWAPS, stage_of


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swap_has_no_fault(
    swap: str, engine: docker.DockerClient, swap_images: dict[str, str]
) -> None:
    found = verdicts(
        engine,
        swap_images[swap],
        stage_of(swap),
        api="oip" if swap == "serve-mlserver" else "all",
    )

    assert faults_in(found) == []
