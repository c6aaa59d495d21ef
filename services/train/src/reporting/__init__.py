"""The report on a model: one page for people, and a model card, made when the model is made.

Both follow from the model's files, the feature-data and the settings alone: nothing of time, host,
gate or history is in them, so that an equal cause gives equal bytes.
"""
