"""MLServer: a custom runtime for the graph; for the pipeline it has a runtime of its own."""
# mypy: disable-error-code="import-not-found, misc"

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from bench.serve.peers.model import Graph, model_folder


class GraphModel(MLModel):
    """Takes the graph's two tensors unchanged."""

    async def load(self) -> bool:
        """Load the graph."""
        self._graph = Graph(model_folder())
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer one request."""
        numbers, strings = payload.inputs
        texts = np.array(StringCodec.decode_input(strings), np.object_).reshape(strings.shape)
        probabilities = self._graph.predict(NumpyCodec.decode_input(numbers), texts)
        output = NumpyCodec.encode_output("probabilities", probabilities)
        return InferenceResponse(model_name=self.name, outputs=[output])
