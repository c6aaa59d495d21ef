"""Removing containers that others may be removing at the same time."""

from contextlib import suppress
from http.client import CONFLICT

from docker.errors import APIError, NotFound
from docker.models.containers import Container


def remove_container(container: Container) -> None:
    """Remove a container, running or not, and return when it is gone."""
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:
            raise
        # It is being removed; its volumes can be removed only after that.
        with suppress(NotFound):
            container.wait(condition="removed")
