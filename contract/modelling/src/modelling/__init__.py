"""From feature-data and a fitted estimator to an evaluated model: shared by all trainers.

The choice of the estimator is up to the trainer: this library does not know the package `train`.
"""
