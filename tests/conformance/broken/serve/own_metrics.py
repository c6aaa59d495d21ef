"""/metrics is of a format of its own."""

from serve import exposition

_head = exposition._head
exposition._head = lambda *arguments: [*_head(*arguments), "requests so far: many"]
