"""LATEST, read once for each model that is opened."""

from pathlib import Path

from stage_contract import Artifact, ContractError, open_artifact, open_latest, read_pointer
from stage_contract.artifacts.reading import is_id


class Pointer:
    """LATEST of a volume, and what it was when a model was last opened."""

    def __init__(self, volume: Path) -> None:
        self._volume = volume
        self.seen: object = ...
        """What `look` returned then; nothing that it returns before the first time."""

    def look(self) -> str | None:
        """Return the id in LATEST, None if nothing was published, or why LATEST is invalid."""
        try:
            return read_pointer(self._volume)
        except ContractError as error:
            return str(error)

    def open(self) -> Artifact:
        """Open the model in LATEST.

        Raises:
            ContractError: There is none, or it breaks the contract.
        """
        self.seen = self.look()
        if isinstance(self.seen, str) and is_id(self.seen):
            # A second reading could give another id, and `seen` would hide that change.
            return open_artifact(self._volume / self.seen, "model")
        return open_latest(self._volume, "model")
