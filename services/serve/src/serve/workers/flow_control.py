"""Flow control of a connection that parses received bytes in slices."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl


class ReadFlow(FlowControl):
    """Flow control that also pauses reading while received bytes are not parsed."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.unparsed: bytes | memoryview = b""
        self._is_held = False

    def pause_reading(self) -> None:
        self._is_held = True
        super().pause_reading()

    def resume_reading(self) -> None:
        self._is_held = False
        self.read_on()

    def postpone(self, data: memoryview) -> None:
        """Keep bytes to parse later, and pause reading."""
        self.unparsed = data
        super().pause_reading()

    def read_on(self) -> None:
        """Resume reading, unless uvicorn paused it or bytes are not parsed."""
        if not (self._is_held or self.unparsed):
            super().resume_reading()
