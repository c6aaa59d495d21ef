"""Extensions in front of the prediction routes, which the fast path would bypass."""

from opentelemetry.metrics import get_meter_provider
from opentelemetry.trace import get_tracer_provider

from serve.api.application import Application
from serve.problems import RequestError

_HANDLERS = (RequestError, Exception, 500)
_UNCONFIGURED = "opentelemetry."
"""The module of OpenTelemetry's API itself, whose classes export nothing."""
_SDK = "opentelemetry.sdk."


def extension_of(app: Application) -> str | None:
    """Return what was added in front of the prediction routes; None if nothing was."""
    added = {
        "a class of its own": type(app) is not Application,
        "middleware": bool(app.user_middleware),
        "dependencies": bool(app.router.dependencies or app.dependency_overrides),
        "other routes in front": (*app.routes[: len(app.own_routes)],) != app.own_routes,
        "error handlers": any(
            app.exception_handlers.get(kind) is not app.own_exception_handlers.get(kind)
            for kind in _HANDLERS
        ),
        "tracing": _is_configured(get_tracer_provider()),
        "OpenTelemetry's metrics": _is_configured(get_meter_provider()),
    }
    return next((what for what, is_added in added.items() if is_added), None)


def _is_configured(provider: object) -> bool:
    module = type(provider).__module__
    return module.startswith(_SDK) or not module.startswith(_UNCONFIGURED)
