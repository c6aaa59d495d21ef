"""The report of a model: one HTML page and a model card, written with the model.

Both depend only on the model's files, the feature-data and the settings. They hold no time, host,
gate verdict or history, so that equal causes give equal bytes.
"""
