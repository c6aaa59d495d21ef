"""A web server in the process of the test, whose responses a test sets, also invalid ones."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

type Responder = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """A server: one of `responders` for each request, then `always`; `asked` has the headers."""

    port: int
    always: Responder
    responders: list[Responder] = field(default_factory=list)
    asked: list[tuple[str, Message]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/shop.csv"

    def headers(self, name: str) -> list[str | None]:
        """Return a header of each request so far."""
        return [headers[name] for _, headers in self.asked]


@contextmanager
def serving(always: Responder) -> Iterator[Web]:
    """Serve on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.path, self.headers))
            respond = web.responders.pop(0) if web.responders else web.always
            respond(self)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web = Web(server.server_address[1], always)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file(content: bytes, etag: str | None = '"one"') -> Responder:
    """Respond as a correct server: ranges, If-Range and If-None-Match."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        if etag is not None and request.headers["If-None-Match"] == etag:
            return _send(request, 304, b"", etag=etag)
        start = (request.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-")
        if start == "0" or request.headers["If-Range"] != etag:
            return _send(request, 200, content, etag=etag)
        place = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return _send(request, 206, content[int(start) :], etag=etag, content_range=place)

    return respond


def torn(content: bytes, sent: int, etag: str | None = '"one"') -> Responder:
    """Announce the length of the file or of the requested part, then break off."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        start = int((request.headers["Range"] or "bytes=0-")[6:-1])
        rest = content[start:]
        place = f"bytes {start}-{len(content) - 1}/{len(content)}" if start else None
        status = 206 if start else 200
        _send(request, status, rest[:sent], etag=etag, content_range=place, length=len(rest))
        request.close_connection = True

    return respond


def status(code: int, **headers: str) -> Responder:
    """Respond with a status and no body."""
    return lambda request: _send(request, code, b"", **headers)


def part(content: bytes, place: str) -> Responder:
    """Respond with a part, whatever was requested."""
    return lambda request: _send(request, 206, content, content_range=place)


def garbage(request: BaseHTTPRequestHandler) -> None:
    """Send bytes that are not HTTP."""
    request.wfile.write(b"220 mail.example ESMTP\r\n")
    request.close_connection = True


def _send(
    request: BaseHTTPRequestHandler,
    code: int,
    body: bytes,
    *,
    length: int | None = None,
    **headers: str | None,
) -> None:
    request.send_response(code)
    for name, value in headers.items():
        if value is not None:
            request.send_header(name.replace("_", "-"), value)
    if code != 304:
        request.send_header("Content-Length", str(len(body) if length is None else length))
    request.end_headers()
    request.wfile.write(body)
