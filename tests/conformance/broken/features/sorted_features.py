"""The features are sorted by name, in features.json and in the matrices; the graph's are not."""

from dataclasses import replace

from features import work

_fit = work.fit


def fit(*arguments, **options):
    fitted = _fit(*arguments, **options)
    in_order = sorted(fitted.features, key=lambda feature: feature.name)
    return replace(fitted, features=in_order)


work.fit = fit
