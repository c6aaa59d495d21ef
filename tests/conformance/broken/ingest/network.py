"""It asks the network first."""

import socket

from stage_contract.stages import run

_run = run._run


def broken_run(stage, volume, **options):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.connect(("192.0.2.1", 9))
    _run(stage, volume, **options)


run._run = broken_run
