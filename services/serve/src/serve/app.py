"""The application for any ASGI server: `uvicorn serve.app:app`.

Importing this module reads no file and starts nothing: settings and models are loaded at startup.
`python -m serve` runs the same application in several workers.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi.params import Depends
from starlette.types import Lifespan

from serve.api.application import Application
from serve.standalone import standing_alone


def create_app(
    *, dependencies: Sequence[Depends] = (), lifespan: Lifespan[Any] | None = None
) -> Application:
    """Return an application with every route of the API.

    Add routes, middleware and exception handlers as to any FastAPI application. `dependencies`
    apply to every route; `lifespan` runs while the application is running.
    """

    @asynccontextmanager
    async def serving(app: Application) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            if not app.has_service:  # This process was not started by a supervisor.
                app.service = await stack.enter_async_context(standing_alone())
            await stack.enter_async_context(app.service.watcher.watching())
            state = None if lifespan is None else await stack.enter_async_context(lifespan(app))
            yield state

    return Application(lifespan=serving, dependencies=dependencies)


app = create_app()
