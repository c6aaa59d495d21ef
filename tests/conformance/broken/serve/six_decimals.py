"""Predictions have six decimals, however small they are."""

from serve.codecs import predictions

_decimals = predictions._decimals
predictions._decimals = lambda values: _decimals(values.round(6))
