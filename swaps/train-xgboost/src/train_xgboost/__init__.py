"""A train stage on XGBoost: feature-data in, model out."""

__version__ = "0.2.0"
