"""The page /report: the report of the live model, unchanged from its artifact."""

from http import HTTPStatus

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from stage_contract import ContractError

from serve.api.dependencies import LiveModel, damaged, require_docs
from serve.codecs.media_types import MODEL_ID
from serve.model.artifact_files import MAX_PAGE_BYTES, PAGE, open_same, read_verified
from serve.problems import RequestError

_SECURITY = {
    # A foreign trainer may have written it, so it must not run scripts or load anything.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
}


router = APIRouter(dependencies=[Depends(require_docs)])


@router.get(
    "/report",
    operation_id="get_report",
    tags=["model"],
    summary="The report on the live model, a page for people",
    response_class=HTMLResponse,
    responses={
        404: {"description": "The model came without a report."},
        503: {"description": "No model is live, too much waits already, or the report is damaged."},
    },
)
def report(model: LiveModel) -> HTMLResponse:  # in a thread, because it reads a file
    """Scores, plots, feature importance, the data, and lineage; it loads nothing."""
    name = model.id.encode()
    if model.report is None:
        detail = (
            f"model {model.id} came without a {PAGE}; the train stage of this project writes"
            " one, another one may leave it out"
        )
        raise RequestError(HTTPStatus.NOT_FOUND, detail, headers=[(MODEL_ID, name)])
    headers = _SECURITY | {MODEL_ID.decode(): name.decode()}
    try:
        artifact = open_same(model.folder, model.content)
        content = read_verified(artifact, PAGE, max_bytes=MAX_PAGE_BYTES)
    except ContractError as error:
        raise damaged(model, error) from None
    return HTMLResponse(content, headers=headers)
