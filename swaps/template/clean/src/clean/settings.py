"""Settings of this stage: the table [clean] of the pipeline."""

from pydantic import BaseModel

BOUNDS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")


class Column(BaseModel, frozen=True, extra="forbid"):
    """What is known about one column."""

    description: str | None = None
    unit: str | None = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None

    @property
    def bounds(self) -> list[str]:
        """The bounds that are set, which only numbers can have."""
        return [name for name in BOUNDS if getattr(self, name) is not None]


class Settings(BaseModel, frozen=True, extra="forbid"):
    """How a table is cleaned."""

    missing: list[str] = ["NA", "N/A", "NaN", "nan", "NULL", "null", "None"]
    """Texts that mean missing, after trimming; an empty one always does."""

    columns: dict[str, Column] = {}
