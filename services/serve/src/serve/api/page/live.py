"""GET /page/live: the traffic of the last hour, and the facts of models that it is shown with."""

from functools import lru_cache
from pathlib import Path

import msgspec
from fastapi import APIRouter, Depends, Response
from stage_contract import LOGGER, ContractError, open_artifact

from serve.api.dependencies import LiveService, require_page
from serve.api.page.live_document import (
    MAX_MODELS,
    CountedColumn,
    Facts,
    document_of,
    models_of,
    recent_minutes,
)
from serve.api.page.published_model import Marks, marks_of
from serve.api.page.responses import SECURITY, Renderings
from serve.api.service import Service
from serve.model.artifact_files import read_verified
from serve.model.reference import read_bins
from serve.model.row_counts import is_judged
from serve.schema.model_json import read_description
from serve.schema.signature import Column
from serve.traffic.minutes import SECONDS

_MAX_DESCRIPTION_BYTES = 16 * 1024 * 1024

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_page)])
_documents = Renderings[bytes](max_kept=1)


@router.get("/page/live")
def live(service: LiveService) -> Response:  # in a thread, because it reads files
    """Return the traffic of the last hour, as of the last report of each worker."""
    model = service.watcher.model
    state = (service, service.worker_state.versions(), model and model.id)
    content = _documents.get(state, lambda: _document(service))
    headers = {**SECURITY, "cache-control": "no-store"}
    return Response(content, media_type="application/json", headers=headers)


def _document(service: Service) -> bytes:
    workers = service.worker_state.all()
    now = service.worker_state.shared_state.clock.now()
    minutes = [*recent_minutes(workers, int(now // SECONDS))]
    facts = {each: _facts_of(each, service) for each in models_of(workers, minutes)[:MAX_MODELS]}
    return msgspec.json.encode(document_of(service, workers, minutes, facts, now=now))


def _facts_of(model: str, service: Service) -> Facts | None:
    """Return what the artifact of a model tells; None if it was pruned, so that nothing does."""
    path = service.volume / model
    return _read_version(path, marks_of(path))


@lru_cache(maxsize=MAX_MODELS)
def _read_version(path: Path, _marks: Marks) -> Facts | None:
    """Return the facts of a version of the files; that they can't be read is kept, too."""
    try:
        return read_facts(path)
    except (ContractError, OSError) as error:
        LOGGER.warning("the live view can't show the facts of a model: %s", error)
        return None


def read_facts(path: Path) -> Facts:
    """Return what the artifact of a model tells.

    Raises:
        ContractError: It is damaged.
        OSError: It can't be read.
    """
    artifact = open_artifact(path, "model")
    description = read_description(
        read_verified(artifact, "model.json", max_bytes=_MAX_DESCRIPTION_BYTES)
    )
    signature = description.signature
    columns = [*signature.group("numbers"), *signature.group("strings")]
    bins = read_bins(artifact, description)
    return Facts(
        description.target.name, description.classes, bins, [*map(_facts_of_column, columns)]
    )


def _facts_of_column(column: Column) -> CountedColumn:
    seen = column.observed
    return CountedColumn(
        name=column.name,
        kind="out_of_range" if column.input.group == "numbers" else "unknown_category",
        is_judged=is_judged(column),
        training_missing=seen.missing / seen.rows if seen and seen.rows else None,
    )
