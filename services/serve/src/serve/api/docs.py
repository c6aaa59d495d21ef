"""The page /docs with its assets, and /openapi.json, which it displays."""

import base64
import hashlib
import importlib.util
import re
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from serve.api.dependencies import docs_are_served

_ASSETS = "docs/assets"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

router = APIRouter(dependencies=[Depends(docs_are_served)], include_in_schema=False)


@router.get("/openapi.json")
async def _openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def _docs(request: Request) -> HTMLResponse:
    return _page(request.app.title)


class _Assets(StaticFiles):
    """The files of Swagger UI, if the docs are enabled."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        await docs_are_served(Request(scope))
        return await super().get_response(path, scope)


def add_assets(app: FastAPI) -> None:
    """Add the files that the page loads."""
    app.mount(f"/{_ASSETS}", _Assets(directory=_swagger_ui()))


def _page(title: str) -> HTMLResponse:
    """Return a page that may load only its own assets and can't be embedded in a frame."""
    page = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=title,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon.png",
        swagger_ui_parameters={"tryItOutEnabled": True},
    )
    scripts = " ".join(f"'{_digest(text)}'" for text in _SCRIPT.findall(bytes(page.body)))
    page.headers["content-security-policy"] = (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    page.headers["referrer-policy"] = "no-referrer"
    return page


def _digest(script: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}"


def _swagger_ui() -> Path:
    """Return the folder of the package's files, without importing it."""
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi_offline, which is in requirements.lock")
    return Path(found.origin).parent / "static"
