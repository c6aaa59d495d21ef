"""LATEST is written before the artifact, which grows under its final name."""

import secrets
from contextlib import contextmanager

from stage_contract.artifacts.publishing import Draft
from stage_contract.artifacts.volumes import write_text
from stage_contract.stages import run


@contextmanager
def open_draft(volume):
    path = volume / secrets.token_hex(8)
    path.mkdir()
    write_text(volume / "LATEST", path.name)
    yield Draft(path)


run.open_draft = open_draft
