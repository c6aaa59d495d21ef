"""A server that reads no JSON text in a boolean field without words of its own."""

from serve.schema import cells, text_formats


def _reads_texts(column):
    return column.type in text_formats.TYPES_OF_TEXTS or text_formats.has_own_texts(column)


cells.reads_texts = _reads_texts
