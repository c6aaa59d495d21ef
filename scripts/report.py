"""Write the report and the model card of a model to standard output, as a tar archive.

Runs in a container that mounts the model volume at /volume, read-only, and has contract/src on its
path. The argument is the id of the model; by default the latest.
"""

import sys
import tarfile
from pathlib import Path
from typing import IO

from stage_contract import Artifact, ContractError, StageError, escaped, open_artifact, open_latest
from stage_contract.artifacts.publishing import newest_first
from stage_contract.commands import make_command
from stage_contract.suggestions import find_by_prefix

VOLUME = Path("/volume")
FILES = ("report.html", "model-card.md")


def find_model(volume: Path, name: str) -> Artifact:
    """Return the model with this id or prefix of an id; without one, the latest.

    Raises:
        SettingsError: No model or more than one matches.
        ContractError: It is damaged.
    """
    if not name:
        return open_latest(volume, "model")
    known = [path.name for path in newest_first(volume)]
    found = find_by_prefix(name, known, variable="ID", what="model")
    return open_artifact(volume / found, "model")


def write_archive(model: Artifact, target: IO[bytes]) -> None:
    """Write the report and the model card, if they exist, named by the model's id.

    Raises:
        ContractError: The model has neither, or a file differs from its manifest.
    """
    listed = {entry["path"] for entry in model.manifest["files"]}
    found = [name for name in FILES if name in listed]
    if not found:
        raise ContractError(
            f"model {model.id} has no report; the train stage of this project writes one:"
            f" {make_command('rerun')}"
        )
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for name in found:
            stem, _, ending = name.partition(".")
            archive.add(model.file(name), f"{stem}-{model.id}.{ending}")


if __name__ == "__main__":
    try:
        write_archive(find_model(VOLUME, sys.argv[1]), sys.stdout.buffer)
    except StageError as error:
        print(escaped(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)
