"""From feature-data and a fitted estimator to a judged model: what stages that train can share.

Which estimator is fitted, and how, is left to each of them: nothing here knows the package `train`.
"""
