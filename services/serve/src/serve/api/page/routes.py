"""The routes of the page: the document with all views, and its overview as a part."""

from http import HTTPStatus

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from serve import __version__
from serve.api.dependencies import LiveService, context_of, require_page
from serve.api.page.overview import overview_of, state_of
from serve.api.page.rendering import render, render_sections
from serve.api.page.responses import Renderings, entity_tag, html, is_current, not_modified
from serve.api.service import Service

router = APIRouter(include_in_schema=False)
_pages = Renderings[str](max_kept=2)
_overviews = Renderings[str](max_kept=2)


@router.get("/")
def page(request: Request, service: LiveService) -> Response:  # in a thread, because it reads files
    """Return the page; without the overview for a client that must send a key first."""
    if not service.settings.page:
        if service.settings.docs:
            return RedirectResponse("docs")
        raise HTTPException(HTTPStatus.NOT_FOUND)
    shows_details = context_of(request.scope).shows_details
    state = state_of(service) if shows_details else None
    tag = entity_tag("page", __version__, state)
    if is_current(request, tag):
        return not_modified(tag)
    key = (service.volume, tag)
    return html(_pages.get(key, lambda: _page(service, shows_details=shows_details)), tag)


def _page(service: Service, *, shows_details: bool) -> str:
    overview = overview_of(service) if shows_details else None
    sections = render_sections(overview) if overview else {}
    return render("page.html", o=overview, sections=sections)


@router.get("/page/overview", dependencies=[Depends(require_page)])
def overview(request: Request, service: LiveService) -> Response:
    """Return the parts of the page that change with the model, each with the id that it has."""
    tag = entity_tag("overview", __version__, state_of(service))
    if is_current(request, tag):
        return not_modified(tag)
    return html(_overviews.get((service.volume, tag), lambda: _overview(service)), tag)


def _overview(service: Service) -> str:
    return render("overview.html", sections=render_sections(overview_of(service)))
