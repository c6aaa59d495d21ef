"""A row as the documentation of FastAPI would type it."""
# mypy: disable-error-code="import-not-found, misc"

from pydantic import BaseModel


class Flight(BaseModel):
    """One flight at departure."""

    month: int
    day: int
    sched_dep_time: int
    dep_delay: float | None = None
    sched_arr_time: int
    distance: float
    hour: int
    minute: int
    carrier: str | None = None
    origin: str
    dest: str
