"""Among the JSON of its log stands what it prints for people."""

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    print("publishing")  # noqa: T201  # the fault
    return _publish(draft, volume, manifest, **options)


run.publish = publish
