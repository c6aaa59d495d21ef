"""The registry: a version for each accepted model, and an alias for the live one."""

from typing import Any, Final

from mlflow.exceptions import MlflowException
from stage_contract import LOGGER

from track import facts
from track.published import Published
from track.settings import Settings

LIVE: Final = "live"
"""`models:/<name>@live` is the model in LATEST."""

_SECONDS: Final = 60
"""Timeout in seconds: the server may copy the model to another store."""


class Registry:
    """The versions of the registered model, which is named like the pipeline."""

    def __init__(self, client: Any, settings: Settings) -> None:
        self._client = client
        self._name = settings.name

    def register(self, run: Any, model: Published) -> str:
        """Return the version of a model; creates it if it has none."""
        run_id = run.info.run_id
        if versions := self._client.search_model_versions(f"run_id = '{run_id}'"):
            return str(versions[0].version)
        logged = run.outputs.model_outputs[0].model_id
        self._ensure_name()
        version = self._client.create_model_version(
            self._name,
            f"models:/{logged}",
            run_id,
            tags={facts.MODEL_ID: model.id},
            model_id=logged,
            await_creation_for=_SECONDS,
        )
        LOGGER.info("registered it as %s version %s", self._name, version.version)
        return str(version.version)

    def point_alias(self, version: str) -> None:
        """Point the alias to this version, unless it already does."""
        aliases = self._client.get_registered_model(self._name).aliases
        if str(aliases.get(LIVE)) != version:
            self._client.set_registered_model_alias(self._name, LIVE, version)
            LOGGER.info("models:/%s@%s is version %s", self._name, LIVE, version)

    def _ensure_name(self) -> None:
        try:
            self._client.create_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
