"""By the Open Inference Protocol the model has a version that is not the artifact's id."""

from serve.codecs.oip import responses

_init = responses.InferResponseWriter.__init__


def init(self, name, _version, description):
    _init(self, name, "1", description)


responses.InferResponseWriter.__init__ = init
