"""Settings of monitor: environment variables, because it is no stage of the pipeline file."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError
from stage_contract import SettingsError

WINDOW_MINUTES = "MONITOR_WINDOW_MINUTES"


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Volumes, and the length of a window."""

    models: Path = Path("/data/in")
    """The model volume."""
    traffic: Path = Path("/data/traffic")
    """The files that serve writes."""
    out: Path = Path("/data/out")
    """Where report.json is written."""
    window_minutes: int = Field(60, ge=1, le=1440)
    """Windows start at multiples of it since 1970, in UTC, so that old traffic may be deleted."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: the length of a window is wrong.
    """
    names = {
        "models": "STAGE_IN",
        "traffic": "STAGE_TRAFFIC",
        "out": "STAGE_OUT",
        "window_minutes": WINDOW_MINUTES,
    }
    given = {field: environment[name] for field, name in names.items() if environment.get(name)}
    try:
        return Settings.model_validate(given)
    except ValidationError:
        raise SettingsError(
            f"{WINDOW_MINUTES} = {environment.get(WINDOW_MINUTES)!r}: expected minutes from 1 to"
            " 1440, for example 60"
        ) from None
