"""Compares the traffic of a served model with the rows that the model was evaluated on."""

__version__ = "0.2.0"
