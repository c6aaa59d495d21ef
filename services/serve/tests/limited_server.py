"""A client of raw bytes, and settings with limits so low that tests reach them."""

import json
import socket

ROW = {"carat": 1, "cut": "Good"}
BODY = json.dumps({"rows": [ROW]}).encode()
PRICE = b'"predictions":[{"price":1020.5}]'
LIMITS = """
workers = 1
max_body_bytes = 100_000
max_header_bytes = 4096
max_headers = 20
max_connections = 20
request_seconds = 1
keep_alive_seconds = 2
cors_origins = ["https://page.example"]
"""


class Client:
    """Sends bytes, reads answers."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._file = connection.makefile("rb")

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def read(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        return status, headers, self._file.read(int(headers.get("content-length", 0)))

    def is_hung_up_on(self) -> bool:
        try:
            return self._file.read(1) == b""
        except ConnectionError:
            return True


def head(*fields: str, method: str = "POST", path: str = "/predict") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: a", *fields, "\r\n"]).encode()


def request(body: bytes = BODY, *fields: str) -> bytes:
    length = f"content-length: {len(body)}"
    return head("content-type: application/json", length, *fields) + body


def is_refused(client: Client, status: int, said: str) -> None:
    found, headers, body = client.read()

    assert found == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-request-id"]
    assert said in json.loads(body)["detail"]
    assert client.is_hung_up_on()
