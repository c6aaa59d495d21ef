"""Commands for users to paste name the pipeline, or all that a script's caller has set."""

import pytest
from stage_contract.commands import make_command


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({}, "make up"),
        ({"PIPELINE": "diamonds"}, "make up"),
        ({"PIPELINE": "mine"}, "PIPELINE=mine make up"),
        (
            {"PIPELINE": "mine", "MAKE_PREFIX": "PIPELINE=mine TAG=a make"},
            "PIPELINE=mine TAG=a make up",
        ),
        ({"PIPELINE": "diamonds", "MAKE_PREFIX": "make -C /there"}, "make -C /there up"),
    ],
)
def test_a_command_repeats_what_was_set(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], command: str
) -> None:
    for name in ("PIPELINE", "MAKE_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert make_command("up") == command
