"""Dependencies of the routes: the service, the live model, and the body within its limits."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from stage_contract import ContractError
from stage_contract.commands import make_command
from starlette.types import Scope

from serve.api.request_bodies import DisconnectedError, read_body
from serve.api.requests import SCOPE_KEY
from serve.api.requests import Request as Context
from serve.api.service import Service
from serve.codecs.media_types import MODEL_ID
from serve.model.models import Model
from serve.problems import RequestError


def service_of(scope: Scope) -> Service:
    """Return the service of the application."""
    service: Service = scope["app"].service
    return service


def context_of(scope: Scope) -> Context:
    """Return what this server keeps of a request: id, trace, route, headers, limits."""
    context: Context = scope[SCOPE_KEY]
    return context


async def live_service(request: Request) -> Service:
    """Return the service of this worker: settings, model watcher, counters."""
    return service_of(request.scope)


async def live_model(request: Request) -> Model:
    """Return the live model.

    Raises:
        RequestError: No model is live.
    """
    return service_of(request.scope).watcher.live()


async def request_body(request: Request) -> bytes:
    """Return the body of a prediction request.

    Raises:
        RequestError: It is too long, no model is live, or too much waits already.
        DisconnectedError: The client has gone.
    """
    service, context = service_of(request.scope), context_of(request.scope)
    service.check_prediction(context)
    try:
        return await read_body(
            request.receive,
            context.headers,
            max_bytes=service.settings.max_body_bytes,
            hold=partial(service.hold, context),
        )
    except DisconnectedError:
        context.is_abandoned = True
        raise


async def require_docs(request: Request) -> None:
    """Check that the docs are enabled.

    Raises:
        HTTPException: 404: they are not.
    """
    if not service_of(request.scope).settings.docs:
        raise HTTPException(HTTPStatus.NOT_FOUND)


async def require_page(request: Request) -> None:
    """Check that the page is enabled.

    Raises:
        HTTPException: 404: it is not.
    """
    if not service_of(request.scope).settings.page:
        raise HTTPException(HTTPStatus.NOT_FOUND)


def damaged(model: Model, error: ContractError) -> RequestError:
    """Return the problem for a file of the live model that was changed after it was loaded."""
    why = str(error).removeprefix(f"{model.folder}/").removeprefix(f"{model.folder}: ")
    detail = f"model {model.id}: {why}; predictions go on"
    if "make " not in why:
        detail += f"; {make_command('repair')} makes it again"
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=[(MODEL_ID, model.id.encode())]
    )


LiveService = Annotated[Service, Depends(live_service)]
LiveModel = Annotated[Model, Depends(live_model)]
