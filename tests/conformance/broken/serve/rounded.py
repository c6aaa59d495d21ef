"""Predictions are rounded for people."""

from serve.codecs import predictions

_decimals = predictions._decimals
predictions._decimals = lambda values: _decimals(values.round(1))
