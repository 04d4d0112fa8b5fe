"""ZMTP 3.0 in the raw (ZeroMQ RFC 23), NULL mechanism: what libzmq would not let a client do."""

import contextlib
import socket
import time

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL" + bytes(16) + b"\x00" + bytes(31)


def frame(body, more=False, command=False):
    flags = (1 if more else 0) | (4 if command else 0)
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def ready(kind):
    name, value = b"Socket-Type", kind.encode()
    return frame(b"\x05READY" + bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value, command=True)


def address_of(endpoint):
    host, port = endpoint[len("tcp://"):].rsplit(":", 1)
    return host, int(port)


class Peer:
    """A connection that has shaken hands."""

    def __init__(self, endpoint, kind, source=None):
        self.socket = socket.create_connection(address_of(endpoint), 5,
                                               source_address=(source, 0) if source else None)
        self.socket.settimeout(5)
        self.socket.sendall(GREETING)
        self.receive(64)
        self.socket.sendall(ready(kind))
        flags, size = self.receive(2)
        assert flags == 4, flags
        self.receive(size)

    def receive(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise ConnectionError("the server ended the connection")
            data += more
        return data

    def send_until_cut(self, data, seconds=10):
        """Sends the same bytes again and again; how many went out until the server ended it, or None."""
        sent, end = 0, time.monotonic() + seconds
        self.socket.settimeout(1)
        while time.monotonic() < end:
            try:
                self.socket.sendall(data)
                sent += len(data)
            except TimeoutError:
                continue
            except OSError:
                return sent
        return None

    def is_cut(self, seconds=10):
        """Does the server end the connection?"""
        self.socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            try:
                while self.socket.recv(65536):
                    pass
            except ConnectionError:
                pass
            return True
        return False

    def close(self):
        self.socket.close()
