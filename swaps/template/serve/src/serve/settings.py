"""Settings of this stage: the table [serve] of the pipeline."""

from typing import Annotated

from pydantic import BaseModel, Field


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Limits of the API; what it predicts is the model's."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    """Maximum number of rows of a request."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    """Maximum size of a request body."""

    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """How often to look for another model."""
