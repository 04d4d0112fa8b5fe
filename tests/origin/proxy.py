"""A forward proxy, as the `accept` of a listener: CONNECT makes a tunnel, a request with a whole URL is passed on as it is, which the
origin understands. It goes out from an address of its own, by which the origin's log knows it."""
import asyncio
import urllib.parse


class Proxy:
    def __init__(self, address):
        self.address, self.heads = address, []

    async def __call__(self, origin, connection, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode("latin-1"))
        method, target, _ = self.heads[-1].split(" ", 2)
        url = urllib.parse.urlsplit("//" + target if method == "CONNECT" else target)
        out_reader, out_writer = await asyncio.open_connection(url.hostname, url.port or 80, local_addr=(self.address, 0))
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                out_writer.write(head)
            await asyncio.gather(pass_on(reader, out_writer), pass_on(out_reader, writer))
        finally:
            out_writer.close()


async def pass_on(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
