#!/usr/bin/env python3
"""A web server that misbehaves on demand, for the tests of daemon/fetch.

Listens on a free port of 127.0.0.1, says which on standard output, and ends when standard input
does. Each path is one way to answer; what they are for is said in fetch_test.c."""
import asyncio, email.utils, gzip, ssl, sys, time, zlib

STATE = {"connections": 0, "port": 0, "dropped": False}
LAST_MODIFIED = "Tue, 03 Nov 2026 10:00:00 GMT"
ETAG = 'W/"a  b"'
FEED = b"<rss version='2.0'><channel><title>Noticias</title></channel></rss>"


def answer(status, body=b"", *headers):
    lines = ["HTTP/1.1 %s" % status, *headers]
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def redirect(status, to):
    return answer(status, b"elsewhere", "Location: " + to)


def conditional(request, headers):
    seen = [v for k, v in headers if k == "if-none-match"] + \
           [v for k, v in headers if k == "if-modified-since"]
    if seen == [ETAG, LAST_MODIFIED]:
        return answer("304 Not Modified", b"", "ETag: " + ETAG)
    return answer("200 OK", FEED, "ETag:  %s " % ETAG, "Last-Modified: " + LAST_MODIFIED,
                  "Content-Type: application/rss+xml; charset=utf-8", "Cache-Control: max-age=900",
                  "Age: 300", "Content-Language: es", "Content-Location: /feed.es")


def echo(request, headers):
    text = request + "\n" + "".join("%s: %s\n" % h for h in headers)
    return answer("200 OK", text.encode())


def http_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def bomb():
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return z.compress(bytes(40 << 20)) + z.flush()


PLAIN = {
    "/conditional": conditional,
    "/echo": echo,
    "/gzip": lambda r, h: answer("200 OK", gzip.compress(FEED), "Content-Encoding: gzip"),
    "/damaged": lambda r, h: answer("200 OK", gzip.compress(FEED)[:10] + b"\xff" * 40,
                                    "Content-Encoding: gzip"),
    "/bomb": lambda r, h: answer("200 OK", bomb(), "Content-Encoding: gzip"),
    "/large": lambda r, h: answer("200 OK", b"x" * 300000),
    "/empty": lambda r, h: answer("200 OK"),
    "/404": lambda r, h: answer("404 Not Found", b"no such page"),
    "/bomb-404": lambda r, h: answer("404 Not Found", bomb(), "Content-Encoding: gzip"),
    "/410": lambda r, h: answer("410 Gone"),
    "/304": lambda r, h: answer("304 Not Modified"),
    "/204": lambda r, h: answer("204 No Content"),
    "/429": lambda r, h: answer("429 Too Many Requests", b"", "Retry-After: 120"),
    "/503": lambda r, h: answer("503 Service Unavailable", b"",
                                "Retry-After: " + http_date(300)),
    "/loop": lambda r, h: redirect("302 Found", "/loop"),
    "/moved": lambda r, h: redirect("301 Moved Permanently", "/moved-again"),
    "/moved-again": lambda r, h: redirect("308 Permanent Redirect", "/conditional"),
    "/moved-for-now": lambda r, h: redirect("301 Moved Permanently", "/detour"),
    "/detour": lambda r, h: redirect("307 Temporary Redirect", "/conditional"),
    "/for-now-moved": lambda r, h: redirect("302 Found", "/moved"),
    "/to-private": lambda r, h: redirect("302 Found", "http://10.11.12.13/feed"),
    "/to-ftp": lambda r, h: redirect("302 Found", "ftp://127.0.0.1/feed"),
    "/to-file": lambda r, h: redirect("302 Found", "file:///etc/passwd"),
    "/to-other": lambda r, h: redirect("302 Found", "http://localhost:%d/echo" % STATE["port"]),
    "/to-self": lambda r, h: redirect("302 Found", "/echo"),
    "/headers": lambda r, h: answer("200 OK", FEED,
                                    *["X-%d: %s" % (i, "y" * 1000) for i in range(100)]),
    "/connections": lambda r, h: answer("200 OK", str(STATE["connections"]).encode()),
}


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.2)


async def endless(writer, head):
    writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        await writer.drain()


async def misbehave(path, writer):
    """True: the connection may be used again."""
    if path == "/silent":
        await asyncio.sleep(60)
    elif path == "/drip":
        await drip(writer)
    elif path == "/endless":
        await endless(writer, b"HTTP/1.1 200 OK\r\n")
    elif path == "/endless-redirect":
        await endless(writer, b"HTTP/1.1 302 Found\r\nLocation: /echo\r\n")
    elif path == "/endless-404":
        await endless(writer, b"HTTP/1.1 404 Not Found\r\n")
    elif path == "/announced":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nxx")
        await writer.drain()
        await asyncio.sleep(60)
    elif path == "/cut":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + FEED)
    elif path == "/chunk-cut":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + FEED[:0x40])
    elif path == "/noise":
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    elif path == "/drop-once" and not STATE["dropped"]:
        # As a server does whose idle time ran out just as the request came.
        STATE["dropped"] = True
    elif path == "/drop-once":
        writer.write(answer("200 OK", FEED))
        return True
    return False  # "/nothing" among them


async def serve(reader, writer):
    STATE["connections"] += 1
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            request, path = head[0], head[0].split()[1]
            if path.startswith("http://"):  # asked as a proxy
                path = "/" + path.split("/", 3)[3]
            headers = [(k.lower(), v.strip()) for k, _, v in (x.partition(":") for x in head[1:-2])]
            if path in PLAIN:
                writer.write(PLAIN[path](request, headers))
            elif not await misbehave(path, writer):
                break
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def main():
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    STATE["port"] = server.sockets[0].getsockname()[1]
    print(STATE["port"], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
