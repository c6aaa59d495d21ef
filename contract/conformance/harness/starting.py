"""Starting containers of an engine whose runtime fails now and then."""

from docker.errors import APIError
from docker.models.containers import Container

_RUNTIME_FAILED = "failed to create task"


def start_container(container: Container) -> None:
    """Start a container; where Docker's runtime fails at it, once more.

    Its helper dies once in some ten thousand starts, which is no fault of the image.

    Raises:
        APIError: it can't be started.
    """
    try:
        container.start()
    except APIError as error:
        if _RUNTIME_FAILED not in str(error):
            raise
        container.start()
