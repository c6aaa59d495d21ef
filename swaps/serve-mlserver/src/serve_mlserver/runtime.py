"""The inference runtime that MLServer calls for predictions."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse

from serve_mlserver.graph import Graph
from serve_mlserver.tensors import describe_inputs, describe_outputs, read_inputs, write_outputs


class GraphModel(MLModel):
    """Predicts with a graph that the repository has loaded and tested."""

    async def load(self) -> bool:
        """Take the graph; it does not await, so no request sees a model that is not ready."""
        extra = self.settings.parameters.extra
        self._graph: Graph = extra["graph"]
        self._max_rows: int = extra["max_rows"]
        return True

    async def metadata(self) -> MetadataModelResponse:
        """Return one input per column."""
        return MetadataModelResponse(
            name=self.name,
            platform=self.settings.platform,
            versions=[self.version],
            inputs=describe_inputs(self._graph.description),
            outputs=describe_outputs(self._graph.description),
        )

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer one request on the event loop: a thread would take longer."""
        feed = read_inputs(payload.inputs, self._graph, max_rows=self._max_rows)
        asked = [output.name for output in payload.outputs or ()]
        outputs = write_outputs(self._graph.run(feed), self._graph.description, asked)
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
