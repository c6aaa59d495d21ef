"""The table is written once more after it was hashed."""

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    artifact = _publish(draft, volume, manifest, **options)
    path = artifact.path / "profile.json"
    path.write_text(path.read_text().replace("size", "SIZE"))
    return artifact


run.publish = publish
