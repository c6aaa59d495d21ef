"""The scripts and styles of the page, as they are in the image."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from serve.api.dependencies import require_page
from serve.api.page.responses import SECURITY, is_current

ASSETS = Path(__file__).with_name("assets")


class TaggedFiles(StaticFiles):
    """Public files whose entity tags are digests of their content."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        # Images that are built reproducibly give all files the same time.
        tag = _tag(os.fspath(full_path), stat_result.st_mtime_ns, stat_result.st_size)
        headers = {**SECURITY, "etag": tag, "cache-control": "no-cache"}
        response = FileResponse(full_path, status_code, headers, stat_result=stat_result)
        if is_current(Request(scope), tag):
            return NotModifiedResponse(response.headers)
        return response


class _Assets(TaggedFiles):
    """The files of the page, if it is enabled."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        await require_page(Request(scope))
        return await super().get_response(path, scope)


def add_page_assets(app: FastAPI) -> None:
    """Add the files that the page loads."""
    app.mount("/page/assets", _Assets(directory=ASSETS))


@lru_cache(maxsize=64)
def _tag(path: str, _modified: int, _size: int) -> str:
    # Time and size are only part of the key of the cache.
    return f'"{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:32]}"'
