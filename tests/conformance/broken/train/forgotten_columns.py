"""model.json does not tell of source columns that are no features."""

from modelling import writing

_describe = writing.describe_model


def describe(*arguments, **options):
    document = _describe(*arguments, **options)
    return document | {"signature": document["signature"] | {"ignored": []}}


writing.describe_model = describe
