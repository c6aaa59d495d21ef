"""By the Open Inference Protocol the model has a version that is not the artifact's id."""

from serve.oip import infer_answers

_init = infer_answers.InferAnswers.__init__


def init(self, name, _version, description):
    _init(self, name, "1", description)


infer_answers.InferAnswers.__init__ = init
