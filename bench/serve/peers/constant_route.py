"""The constant route of limits.py behind the middleware of our application, with one dependency.

Our server runs it without the fast path: --app bench.serve.peers.constant_route:app.
"""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from serve.api.dependencies import LiveModel
from serve.app import create_app

app = create_app()


@app.post("/predict")
async def answer(_model: LiveModel) -> dict[str, list[float]]:
    """Answer without a look at the request."""
    return {"probabilities": [0.5]}


# In front of our own route, which it takes the place of.
app.router.routes.insert(0, app.router.routes.pop())
