"""The text of a file, which Arrow reads in a thread of its own."""

from pathlib import Path
from threading import Thread
from typing import override

from ingest.files.decompression import ByteStream
from ingest.files.text_stream import TextStream


class ClosedWhileRead(ByteStream):
    """The bytes of a file during whose first read another thread closes the text."""

    closer: Thread
    was_closed = True

    @override
    def read(self, count: int) -> bytes:
        if self.closer.ident is None:
            self.closer.start()
            # Long enough for a thread that doesn't wait; one that waits is alive after it.
            self.closer.join(timeout=0.5)
            self.was_closed = not self.closer.is_alive()
        return super().read(count)


def test_closing_waits_for_a_read_in_another_thread(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a")
    source = ClosedWhileRead(path, path.name)
    text = TextStream(source, encoding="utf-8")
    source.closer = Thread(target=text.close)

    assert text.readinto(bytearray(1)) == 1
    source.closer.join()

    assert not source.was_closed
    assert text.closed
