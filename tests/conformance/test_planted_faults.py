"""The faults that `make prove-kit` plants: each can be planted, and its result is kept."""

from pathlib import Path

import pytest
from support.planted_faults import FaultError, PlantedFault, faults_of, foreign_stages, patched

from bench.kit import main

FAULTS = [fault for subject in foreign_stages() for fault in faults_of(subject)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.subject}/{fault.name}")
def test_a_fault_of_a_catalogue_changes_its_file(fault: PlantedFault) -> None:
    assert patched(fault) != fault.file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("old", "new"), [("b", "x"), ("a", "x"), ("c", "c")])
def test_a_fault_that_cannot_be_planted_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "stage.sh"
    file.write_text("a a c\n", encoding="utf-8")
    fault = PlantedFault("ingest-shell", "name", "what", file, old=old, new=new)

    with pytest.raises(FaultError, match="ingest-shell/name"):
        patched(fault)


def test_a_fault_to_plant_that_there_is_none_of_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--stage", "serve-node", "--only", "no-such-fault"]) == 2

    assert capsys.readouterr().err == "--only no-such-fault: no such fault of serve-node\n"
