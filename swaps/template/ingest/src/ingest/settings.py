"""Settings of this stage: the table [ingest] of the pipeline."""

from typing import Annotated

from pydantic import BaseModel, Field


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Where the table is, and how it is written."""

    source: str
    """A CSV file below the data folder, in UTF-8, with a header."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
