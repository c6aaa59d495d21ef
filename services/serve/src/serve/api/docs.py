"""The page /docs with its assets, and /openapi.json, which it displays."""

import importlib.util
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import Scope

from serve.api.dependencies import context_of, require_docs
from serve.api.page.responses import SECURITY
from serve.api.page.static_files import ASSETS, TaggedFiles

_PATH = "docs/assets"
_PAGE = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Predictions</title>
<link rel="icon" href="{_PATH}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{_PATH}/swagger-ui.css">
<link rel="stylesheet" href="{_PATH}/docs.css">
<script defer src="{_PATH}/swagger-ui-bundle.js"></script>
<script type="module" src="{_PATH}/docs.js"></script>
</head>
<body>
<div id="swagger-ui"><noscript>Swagger UI needs JavaScript, which is disabled here.</noscript></div>
</body>
</html>
"""
"""It names nothing of the model, so that it needs no key."""
_PAGE_WITH_KEY = _PAGE.replace("<body>", "<body data-key>")
"""The page that asks for a key before it requests anything."""
_SECURITY = {
    **SECURITY,
    "content-security-policy": SECURITY["content-security-policy"].replace(
        "img-src 'self'", "img-src 'self' data:"
    ),
}

router = APIRouter(dependencies=[Depends(require_docs)], include_in_schema=False)


@router.get("/openapi.json")
async def _openapi(request: Request) -> Response:
    headers = {"cache-control": _SECURITY["cache-control"]}
    document = request.app.openapi_json()
    return Response(document, headers=headers, media_type=JSONResponse.media_type)


@router.get("/docs")
async def _docs(request: Request) -> HTMLResponse:
    page = _PAGE if context_of(request.scope).shows_details else _PAGE_WITH_KEY
    return HTMLResponse(page, headers=_SECURITY)


class _Assets(TaggedFiles):
    """The files of Swagger UI and the script that starts it, if the docs are enabled."""

    def __init__(self) -> None:
        super().__init__(directory=_swagger_ui())
        self.all_directories.append(ASSETS)

    async def get_response(self, path: str, scope: Scope) -> Response:
        await require_docs(Request(scope))
        return await super().get_response(path, scope)


def add_assets(app: FastAPI) -> None:
    """Add the files that the page loads."""
    app.mount(f"/{_PATH}", _Assets())


def _swagger_ui() -> Path:
    """Return the folder of the package's files, without importing it."""
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi_offline, which is in requirements.lock")
    return Path(found.origin).parent / "static"
