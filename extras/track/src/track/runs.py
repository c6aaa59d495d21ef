"""MLflow runs: one for each model, with a child run for each trial; no duplicates."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, LifecycleStage, Metric, Param, ViewType
from stage_contract import LOGGER, SettingsError

from track import facts
from track.folder import ARTIFACTS
from track.published import Published
from track.settings import Settings

_PARENT: Final = "mlflow.parentRunId"
_FINISHED: Final = "FINISHED"
_HANDED_ON: Final = ("mlflow-artifacts:", "http:", "https:")
"""Artifact locations that the server proxies."""
_MAX_DIGEST_CHARACTERS: Final = 36


class Runs:
    """The runs of a pipeline's experiment."""

    def __init__(self, client: Any, settings: Settings) -> None:
        self._client = client
        self._experiment = _experiment(client, settings)
        # A model is logged to the active experiment, even if its run is in another one.
        mlflow.set_experiment(experiment_id=self._experiment)

    def find(self, model_id: str) -> Any | None:
        """Return the complete run of a model; removes incomplete ones."""
        whole = None
        for run in self._tagged(facts.MODEL_ID, model_id):
            if run.info.status == _FINISHED and whole is None:
                whole = run
            else:
                self._remove(run)
        if whole is None:
            for trial in self._tagged(facts.TRIAL_OF, model_id):
                self._client.delete_run(trial.info.run_id)
        return whole

    def log(self, model: Published) -> Any:
        """Log a model without a run; return its run."""
        # Imported here, because a run with nothing to do needs neither ONNX nor its runtime.
        from track.models import NamedModel  # noqa: PLC0415

        named = NamedModel(model)
        named.check()
        run_id = self._create(model.id, model, tags=facts.tags(model))
        self._client.log_batch(
            run_id,
            metrics=_metrics(facts.metrics(model), model.finished),
            params=_params(facts.parameters(model)),
        )
        self._client.log_inputs(run_id, datasets=_datasets(model))
        for document in model.documents():
            self._client.log_artifact(run_id, str(document))
        if model.verdict:
            self._client.log_dict(run_id, dict(model.verdict), "verdict.json")
        count = self._log_trials(run_id, model)
        named.log(run_id, tags={facts.MODEL_ID: model.id})
        # The last step: only a run with this status counts as complete.
        self._client.set_terminated(run_id, _FINISHED, end_time=_milliseconds(model.finished))
        LOGGER.info("logged model %s with %d trials", model.id, count, extra={"model": model.id})
        return self._client.get_run(run_id)

    def update_gate(self, run: Any, model: Published) -> None:
        """Update the gate's verdict if it has changed."""
        tags = facts.gate_tags(model)
        for key, value in tags.items():
            if run.data.tags.get(key) != value:
                self._client.set_tag(run.info.run_id, key, value)

    def _log_trials(self, run_id: str, model: Published) -> int:
        count = 0
        for name, parameters, values in facts.trials(model):
            tags = {facts.TRIAL_OF: model.id, _PARENT: run_id}
            trial = self._create(name, model, tags=tags)
            self._client.log_batch(
                trial, metrics=_metrics(values, model.finished), params=_params(parameters)
            )
            self._client.set_terminated(trial, _FINISHED, end_time=_milliseconds(model.finished))
            count += 1
        return count

    def _create(self, name: str, model: Published, *, tags: dict[str, str]) -> str:
        run = self._client.create_run(
            self._experiment, start_time=_milliseconds(model.started), tags=tags, run_name=name
        )
        return str(run.info.run_id)

    def _tagged(self, key: str, value: str) -> list[Any]:
        """Return all runs with a tag, from all pages."""
        found: list[Any] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment],
                filter_string=f"tags.`{key}` = '{value}'",
                run_view_type=ViewType.ACTIVE_ONLY,
                page_token=token,
            )
            found.extend(page)
            token = page.token
            if not token:
                return found

    def _remove(self, run: Any) -> None:
        for output in run.outputs.model_outputs if run.outputs else []:
            self._client.delete_logged_model(output.model_id)
        self._client.delete_run(run.info.run_id)


def _experiment(client: Any, settings: Settings) -> str:
    """Return the id of the pipeline's experiment; creates it if needed.

    Raises:
        SettingsError: The server does not proxy the experiment's artifacts, or the experiment was
            deleted and keeps its name.
    """
    folder = settings.folder
    found = client.get_experiment_by_name(settings.name)
    if found is None:
        place = Path(folder, ARTIFACTS, settings.name).as_uri() if folder else None
        made = client.create_experiment(settings.name, artifact_location=place)
        found = client.get_experiment(made)
    number = found.experiment_id
    if found.lifecycle_stage != LifecycleStage.ACTIVE:
        raise SettingsError(
            f"{settings.address}: experiment {settings.name} was deleted there, and its name stays"
            f" taken; mlflow experiments restore --experiment-id {number} brings it back,"
            f" mlflow gc --experiment-ids {number} frees the name, or rename the pipeline"
        )
    if folder is None and not found.artifact_location.startswith(_HANDED_ON):
        raise SettingsError(
            f"{settings.address}: keeps the artifacts of experiment {settings.name} at"
            f" {found.artifact_location}, expected mlflow-artifacts:/…; start the server with"
            " --artifacts-destination, then rename the pipeline, or free the experiment's name:"
            f" mlflow experiments delete and then mlflow gc --experiment-ids {number}"
        )
    return str(number)


def _metrics(values: dict[str, float], when: datetime | None) -> list[Metric]:
    moment = _milliseconds(when) or 0
    return [Metric(key, value, moment, 0) for key, value in values.items()]


def _params(values: dict[str, str]) -> list[Param]:
    return [Param(key, value) for key, value in values.items()]


def _datasets(model: Published) -> list[DatasetInput]:
    context = [InputTag("mlflow.data.context", "training")]
    return [
        DatasetInput(Dataset(source, digest[:_MAX_DIGEST_CHARACTERS], "local", source), context)
        for source, digest in facts.sources(model)
    ]


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
