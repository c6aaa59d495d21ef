"""Artifacts by what somebody types: an id, its first digits, or the name of one kept to compare."""

from pathlib import Path

from stage_contract import Artifact, SettingsError, did_you_mean, open_artifact
from stage_contract.manifests import MANIFEST
from stage_contract.publishing import DIFFERS

from history.mounted import Volume, facts


def find(chain: list[Volume], name: str, *, variable: str) -> Artifact:
    """Return the one artifact that is meant.

    Raises:
        SettingsError: there is none or more than one; the line names those that are there.
    """
    if not name:
        raise SettingsError(f"{variable} is missing; make history lists the ids: make diff A=… B=…")
    known = {path.name: (volume, path) for volume in chain for path in _all(volume)}
    meant = [each for each in known if each.startswith(name)] if name not in known else [name]
    if len(meant) > 1:
        raise SettingsError(f"{variable}={name}: {' and '.join(sorted(meant))} begin like that")
    if not meant:
        raise SettingsError(f"{variable}={name}: no such artifact{did_you_mean(name, known)}")
    volume, path = known[meant[0]]
    if path.name.startswith(DIFFERS):
        # Its manifest has the id of the artifact that it differs from.
        return Artifact(path, facts(path / MANIFEST))
    return open_artifact(path, volume.kind)


def _all(volume: Volume) -> list[Path]:
    return [*volume.newest_first(), *volume.kept_to_compare()]
