"""Predictions are rounded for people."""

from serve import answers

_decimals = answers._decimals
answers._decimals = lambda values: _decimals(values.round(1))
