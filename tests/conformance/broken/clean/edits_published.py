"""Each run adds to the profile of the artifact that was published before."""

from stage_contract.stages import run

_run = run._run


def broken_run(stage, volume, **options):
    for path in volume.glob("*/profile.json"):
        with path.open("a") as profile:
            profile.write("\n")
    _run(stage, volume, **options)


run._run = broken_run
