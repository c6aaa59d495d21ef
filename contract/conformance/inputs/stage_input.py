"""Houses as an input of a stage: a source table, or an artifact of the kind that it reads."""

from dataclasses import dataclass
from pathlib import Path

from conformance.harness.subject import Subject
from conformance.inputs.clean_data import write_clean_data
from conformance.inputs.feature_data import write_feature_data
from conformance.inputs.hard_tables import Form
from conformance.inputs.houses import Houses
from conformance.inputs.raw_data import write_csv, write_raw_data


@dataclass(frozen=True)
class StageInput:
    """An input on the host: the folder of a volume, and the rows of its table."""

    source: Path
    rows: int


def stage_input(subject: Subject, houses: Houses, *, form: Form = "texts") -> StageInput:
    """Return houses as an input of the subject's stage; the form says what raw-data holds."""
    folder = subject.scratch()
    match subject.reads:
        case None:
            write_csv(folder, houses)
        case "raw-data":
            write_raw_data(folder, houses, as_text=form == "texts")
        case "clean-data":
            write_clean_data(folder, houses)
        case "feature-data":
            write_feature_data(folder, houses)
        case kind:
            raise ValueError(f"no input of the kind {kind} can be made")
    return StageInput(folder, len(houses))
