"""model.json does not tell of source columns that are not features."""

from modelling.evaluation import model_writer

_describe = model_writer.describe_model


def describe(*arguments, **options):
    document = _describe(*arguments, **options)
    return document | {"signature": document["signature"] | {"ignored": []}}


model_writer.describe_model = describe
