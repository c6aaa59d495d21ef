"""The page /docs, its assets, and the description that it shows, made from the live model."""

import base64
import hashlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from serve.api.openapi.document import complete_framework, describe
from serve.model.model_watcher import ModelWatcher
from serve.model.models import Model

_ASSETS = "docs/assets"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def add_docs(
    api: FastAPI, watcher: ModelWatcher, *, with_keys: bool, is_public: Callable[[str], bool]
) -> None:
    """Add the routes of the docs."""
    made: tuple[Model | None, bytes] | None = None

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        nonlocal made
        if made is None or made[0] is not watcher.model:
            document = _describe(api, watcher.model, with_keys=with_keys, is_public=is_public)
            made = watcher.model, msgspec.json.encode(document)
        return Response(made[1], media_type="application/json")

    @api.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        return _page(api.title)

    @api.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("docs")

    api.mount(f"/{_ASSETS}", StaticFiles(directory=_swagger_ui()))


def _page(title: str) -> HTMLResponse:
    """Return a page that may load nothing but its own assets, nor be shown inside another."""
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


def _describe(
    api: FastAPI, model: Model | None, *, with_keys: bool, is_public: Callable[[str], bool]
) -> dict[str, Any]:
    document = get_openapi(title=api.title, version=api.version, routes=api.routes)
    complete_framework(document, is_public=is_public)
    if model is not None:
        describe(document, model)
    if with_keys:
        document["components"]["securitySchemes"] = _SECURITY
        # Each of them alone is enough.
        document["security"] = [{name: []} for name in _SECURITY]
        for path, item in document["paths"].items():
            if is_public(path):
                for operation in item.values():
                    operation["security"] = []
    return document


def _swagger_ui() -> Path:
    """Return where the package has its files, without importing it."""
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi_offline, which is in requirements.lock")
    return Path(found.origin).parent / "static"
