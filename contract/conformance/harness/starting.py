"""Starting containers, with one retry where Docker's runtime fails."""

from docker.errors import APIError
from docker.models.containers import Container

_RUNTIME_FAILED = "failed to create task"


def start_container(container: Container) -> None:
    """Start a container; if Docker's runtime fails, try once more.

    Its helper process fails about once in ten thousand starts. The image is not at fault.

    Raises:
        APIError: it can't be started.
    """
    try:
        container.start()
    except APIError as error:
        if _RUNTIME_FAILED not in str(error):
            raise
        container.start()
