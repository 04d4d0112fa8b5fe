"""The server: listeners, one coroutine for each connection, and the log of what clients did."""
import asyncio
import dataclasses
import pathlib
import socket
import ssl
import struct
import threading
import time

from . import moods

TLS = pathlib.Path(__file__).resolve().parent / "tls"


@dataclasses.dataclass
class Connection:
    """As accepted, whether a request came or not. `address` is ours: the one that the client asked for."""
    number: int
    time: float
    family: int
    address: str
    port: int
    peer: str
    requests: int = 0


@dataclasses.dataclass
class Request:
    time: float
    connection: Connection
    nth: int  # on its connection, from 1: above 1 the connection was used again
    line: str
    path: str
    headers: list  # (name in lower case, value), as they came
    tls: str  # version, or ""

    def all(self, name):
        return [v for k, v in self.headers if k == name]

    def header(self, name):
        return next(iter(self.all(name)), None)

    @property
    def host(self):
        return self.header("host")


class Exchange:
    """One request to be answered: what moods work with."""

    def __init__(self, origin, request, reader, writer):
        self.origin, self.request, self.reader, self.writer = origin, request, reader, writer
        first, _, self.rest = request.path.lstrip("/").partition("/")
        self.mood = first.partition("?")[0]

    def header(self, name):
        return self.request.header(name)

    async def body(self):
        """Of a request that says how long it is."""
        return await self.reader.readexactly(int(self.header("content-length") or 0))

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    def reset(self):
        """The connection ends with a RST."""
        reset(self.writer)


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def plain(address):
    return address.partition("%")[0]


class Origin:
    """Listens until closed; everything runs in one thread of its own. `healed` is the set of paths that are answered with a
    healthy feed whatever their mood; `scripts` are moods of single paths; `memory` is the moods' own."""

    def __init__(self):
        self.connections, self.requests = [], []
        self.healed, self.scripts, self.memory = set(), {}, {}
        self.clock = time.time
        self.ports, self.contexts = {}, {}
        self.loop = asyncio.new_event_loop()
        self.writers, self.servers = set(), []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        async def end():
            for server in self.servers:
                server.close()
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # ---- listening ----

    def listen(self, address="127.0.0.1", port=0, tls=None, accept=None):
        """A port; `tls`: a context (tls_context()); `accept`: what to do with each connection instead of HTTP."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))

        async def start():
            async def serve(reader, writer):
                await self.serve(reader, writer, accept)
            self.servers.append(await asyncio.start_server(serve, sock=listener, ssl=tls, limit=1 << 20, backlog=1024))
        asyncio.run_coroutine_threadsafe(start(), self.loop).result(10)
        return listener.getsockname()[1]

    def accepted(self, writer):
        ours, theirs = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
        family = writer.get_extra_info("socket").family
        connection = Connection(len(self.connections) + 1, self.clock(), 6 if family == socket.AF_INET6 else 4,
                                plain(ours[0]), ours[1], plain(theirs[0]))
        self.connections.append(connection)
        return connection

    async def serve(self, reader, writer, accept):
        connection = self.accepted(writer)
        self.writers.add(writer)
        try:
            if accept and await accept(self, connection, reader, writer) != "http":
                return
            while await self.exchange(connection, reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ssl.SSLError, OSError,
                asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def exchange(self, connection, reader, writer):
        """Answers one request; false: the connection is over."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split()[1]
        if path.startswith("http://"):  # asked as a proxy
            path = "/" + path.split("/", 3)[3]
        headers = [(k.lower(), v.strip()) for k, _, v in (x.partition(":") for x in head[1:-2])]
        connection.requests += 1
        secured = writer.get_extra_info("ssl_object")
        request = Request(self.clock(), connection, connection.requests, head[0], path, headers,
                          secured.version() if secured else "")
        self.requests.append(request)
        exchange = Exchange(self, request, reader, writer)
        answer = self.responder(exchange)(exchange)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer is None:
            return False
        await exchange.send(answer)
        return True

    def responder(self, exchange):
        if exchange.request.path in self.healed:
            return moods.healthy
        return self.scripts.get(exchange.request.path) or moods.find(exchange.mood)

    def drop_connections(self):
        """As a server does that starts again; they are closed when it returns."""
        async def drop():
            writers = list(self.writers)
            for writer in writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
        asyncio.run_coroutine_threadsafe(drop(), self.loop).result(10)

    # ---- the log ----

    def requests_for(self, path):
        return [r for r in self.requests if r.path == path]

    def connections_to(self, address):
        return [c for c in self.connections if c.address == address]


def tls_context(certificate="valid.pem", newest=None, oldest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / certificate, TLS / "key.pem")
    if newest:
        # What OpenSSL calls insecure has to be asked for by name.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = oldest or newest, newest
    return context
