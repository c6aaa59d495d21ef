"""Find an artifact by its id, its first digits, or the name of a kept comparison."""

from pathlib import Path

from stage_contract import Artifact, SettingsError, open_artifact
from stage_contract.artifacts.manifests import MANIFEST
from stage_contract.artifacts.publishing import DIFFERS
from stage_contract.commands import make_command
from stage_contract.suggestions import find_by_prefix

from history.volumes import Volume, facts


def find(chain: list[Volume], name: str, *, variable: str) -> Artifact:
    """Return the artifact with this name.

    Raises:
        SettingsError: No artifact or more than one has this name; lists the known ones.
    """
    if not name:
        raise SettingsError(
            f"{variable} is missing; {make_command('history')} lists the ids,"
            f" then: {make_command('diff A=… B=…')}"
        )
    known = {path.name: (volume, path) for volume in chain for path in _all(volume)}
    volume, path = known[find_by_prefix(name, known, variable=variable, what="artifact")]
    if path.name.startswith(DIFFERS):
        # Its manifest has the id of the artifact that it was compared with.
        return Artifact(path, facts(path / MANIFEST))
    return open_artifact(path, volume.kind)


def _all(volume: Volume) -> list[Path]:
    return [*volume.newest_first(), *volume.kept_to_compare()]
