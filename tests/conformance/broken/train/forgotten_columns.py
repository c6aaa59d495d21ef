"""model.json does not tell of source columns that are no features."""

from train import work

_describe = work.describe_model


def describe(*arguments, **options):
    document = _describe(*arguments, **options)
    return document | {"signature": document["signature"] | {"ignored": []}}


work.describe_model = describe
