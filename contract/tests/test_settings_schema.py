"""The JSON Schema of a settings class, described by the docstrings of its attributes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from stage_contract.stages.settings_schema import settings_schema


class Rule:
    """A table in the settings."""

    limit: int = 3
    """Maximum number of rows."""


class Shared:
    """What several stages have."""

    seed: int = 0
    """Seed of everything."""

    metric: str = "r2"
    """Deciding metric."""


class Settings(Shared):
    """As pydantic makes them."""

    seed: int = 1
    trials: int = 12
    """Number of trials,
    in total."""
    rules: dict[str, Rule]

    @classmethod
    def model_validate(cls, _obj: Any) -> Self:
        return cls()

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "seed": {"type": "integer", "default": 1, "title": "Seed"},
                "metric": {"type": "string", "default": "r2"},
                "trials": {"type": "integer", "default": 12},
                "rules": {"additionalProperties": {"$ref": "#/$defs/Rule"}},
            },
            "$defs": {"Rule": {"properties": {"limit": {"type": "integer"}}}, "Count": {}},
        }

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        return {"mode": mode}


def test_a_key_is_described_by_the_docstring_below_its_attribute() -> None:
    properties = settings_schema(Settings)["properties"]

    assert properties["metric"]["description"] == "Deciding metric."
    assert properties["trials"]["description"] == "Number of trials, in total."


class Derived(Settings):
    """With an attribute as its last statement."""

    metric: str = "mae"


def test_an_attribute_that_is_defined_again_does_not_keep_the_earlier_description() -> None:
    assert settings_schema(Settings)["properties"]["seed"] == {"type": "integer", "default": 1}
    assert "description" not in settings_schema(Derived)["properties"]["metric"]


def test_the_keys_of_a_table_inside_are_described_too() -> None:
    table = settings_schema(Settings)["$defs"]["Rule"]

    assert table["properties"]["limit"]["description"] == "Maximum number of rows."


def test_an_image_prints_it_in_its_build() -> None:
    module = "stage_contract.stages.settings_schema"
    printed = subprocess.run(
        [sys.executable, "-m", module, "tiny_stage:Settings"],
        cwd=Path(__file__).parent,
        env={"PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert {"factor", "least"} <= json.loads(printed.stdout)["properties"].keys()
