"""/metrics is of a format of its own."""

from serve.api import metrics

_head = metrics._head
metrics._head = lambda *arguments: [*_head(*arguments), "requests so far: many"]
