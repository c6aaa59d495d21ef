"""REFUSED of an earlier run stays after a run whose artifact is live."""

from stage_contract.artifacts import publishing, volumes
from stage_contract.stages import skipping

volumes.note_refusal = publishing.note_refusal = skipping.note_refusal = lambda *_: ""
