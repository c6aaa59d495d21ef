"""The view model of the overview: what the page tells about the pipeline and the live model."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from serve.api.service import Service
from serve.model.models import Model
from serve.model.refusals import Refused
from serve.problems import RequestError


@dataclass(frozen=True)
class Overview:
    """Everything that the overview shows."""

    pipeline: str
    model: Model | None
    about: dict[str, Any]
    """GET /model; empty without a live model."""
    refused: Refused | None
    report: bool
    docs: bool

    why_none: str = ""
    """Why no model is live."""

    @property
    def since(self) -> datetime | None:
        """Return when the live model was loaded."""
        return self.model.since if self.model else None


def overview_of(service: Service) -> Overview:
    """Return the overview of this worker's live model."""
    model = service.watcher.model
    return Overview(
        pipeline=service.name,
        model=model,
        about=msgspec.json.decode(model.about) if model else {},
        refused=service.watcher.refused,
        report=model is not None and model.report is not None,
        docs=service.settings.docs,
        why_none=_why_none(service),
    )


def _why_none(service: Service) -> str:
    try:
        service.watcher.live()
    except RequestError as error:
        return error.detail
    return ""


def state_of(service: Service) -> tuple[object, ...]:
    """Return what the overview depends on; equal values give the same overview."""
    model, refused = service.watcher.model, service.watcher.refused
    return (
        model and model.id,  # not since when, which differs between workers
        refused and (refused.id, refused.cause, refused.reason),
        _why_none(service),
    )
