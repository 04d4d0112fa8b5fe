"""The ways to answer. A mood is a function of the exchange that returns the bytes of an answer, after which the connection
may be used again; or a coroutine that does worse itself and returns None, after which it is closed. The first part of a
request's path names the mood; the rest is the caller's, to tell its requests apart."""
import asyncio
import email.utils
import gzip
import time

from .codings import bomb, pack

LAST_MODIFIED = "Tue, 03 Nov 2026 10:00:00 GMT"
ETAG = 'W/"a  b"'
FEED = b"<rss version='2.0'><channel><title>Noticias</title></channel></rss>"
LOGIN = b"""<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action="/login" method="post">
<input name="user"><input name="password" type="password"><button>Sign in</button></form></body></html>"""
MOODS = {}


def entering(moods):
    """A decorator that enters functions into a table, under the names that it is given or under their own."""
    def mood(*names):
        def add(function):
            for name in names or [function.__name__.replace("_", "-")]:
                assert name not in moods, name
                moods[name] = function
            return function
        return add
    return mood


mood = entering(MOODS)


def find(name):
    return MOODS.get(name, MOODS["404"])


def answer(status, body=b"", *headers):
    lines = ["HTTP/1.1 %s" % status, *headers]
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def redirect(status, to, *headers):
    return answer(status, b"elsewhere", "Location: " + to, *headers)


def http_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def document(path, items=1):
    """A feed of its own for each path."""
    entries = "".join(f"<item><guid isPermaLink='false'>{path}#{n}</guid><title>Item {n} of {path}</title>"
                      f"<link>https://news.example{path}#{n}</link></item>" for n in range(1, items + 1))
    return (f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>{path}</title>"
            f"<link>https://news.example/</link><description>healthy</description>{entries}</channel></rss>").encode()


# ---- what works ----

@mood()
def healthy(x):
    body = document(x.request.path)
    etag = '"%d"' % len(body)
    if etag in x.request.all("if-none-match"):
        return answer("304 Not Modified", b"", "ETag: " + etag)
    return answer("200 OK", body, "Content-Type: application/rss+xml", "ETag: " + etag)


@mood()
async def once(x):
    """Healthy, on a connection that is not kept."""
    await x.send(healthy(x).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


@mood()
def conditional(x):
    if x.request.all("if-none-match") + x.request.all("if-modified-since") == [ETAG, LAST_MODIFIED]:
        return answer("304 Not Modified", b"", "ETag: " + ETAG)
    return answer("200 OK", FEED, "ETag:  %s " % ETAG, "Last-Modified: " + LAST_MODIFIED,
                  "Content-Type: application/rss+xml; charset=utf-8", "Cache-Control: max-age=900", "Age: 300",
                  "Content-Language: es", "Content-Location: /feed.es")


@mood()
def echo(x):
    return answer("200 OK", (x.request.line + "\n" + "".join("%s: %s\n" % h for h in x.request.headers)).encode())


@mood("connections")
def count_connections(x):
    return answer("200 OK", str(len(x.origin.connections)).encode())


def packed(codings):
    return lambda x: answer("200 OK", pack(FEED, codings), "Content-Encoding: " + codings)


for name in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
    mood(name.replace(", ", "-"))(packed(name))
mood("empty")(lambda x: answer("200 OK"))
mood("large")(lambda x: answer("200 OK", b"x" * 300000))


# ---- statuses ----

mood("404")(lambda x: answer("404 Not Found", b"no such page"))
mood("410")(lambda x: answer("410 Gone"))
mood("304")(lambda x: answer("304 Not Modified"))
mood("204")(lambda x: answer("204 No Content"))
mood("206")(lambda x: answer("206 Partial Content", FEED[:20], "Content-Range: bytes 0-19/%d" % len(FEED)))
mood("500")(lambda x: answer("500 Internal Server Error", b"Traceback (most recent call last):"))
mood("429")(lambda x: answer("429 Too Many Requests", b"", "Retry-After: 120"))
mood("503")(lambda x: answer("503 Service Unavailable", b"", "Retry-After: " + http_date(300)))
mood("login")(lambda x: answer("200 OK", LOGIN, "Content-Type: text/html; charset=utf-8", "Set-Cookie: session=1"))
mood("status-words")(lambda x: b"HTTP/1.1 abc What\r\nContent-Length: 0\r\n\r\n")


# ---- redirects ----

mood("loop")(lambda x: redirect("302 Found", x.request.path))
mood("moved")(lambda x: redirect("301 Moved Permanently", "/moved-again"))
mood("moved-again")(lambda x: redirect("308 Permanent Redirect", "/conditional"))
mood("moved-for-now")(lambda x: redirect("301 Moved Permanently", "/detour"))
mood("detour")(lambda x: redirect("307 Temporary Redirect", "/conditional"))
mood("for-now-moved")(lambda x: redirect("302 Found", "/moved"))
mood("to-private")(lambda x: redirect("302 Found", "http://10.11.12.13/feed"))
mood("to-ftp")(lambda x: redirect("302 Found", "ftp://127.0.0.1/feed"))
mood("to-file")(lambda x: redirect("302 Found", "file:///etc/passwd"))
mood("to-data")(lambda x: redirect("302 Found", "data:application/rss+xml,<rss/>"))
mood("to-gopher")(lambda x: redirect("302 Found", "gopher://127.0.0.1:6379/_FLUSHALL"))
mood("to-user")(lambda x: redirect("302 Found", "http://user:word@%s/echo" % x.request.host))
mood("to-nothing")(lambda x: redirect("302 Found", "http://"))
mood("to-nowhere")(lambda x: answer("302 Found", b"and no Location"))
mood("to-other")(lambda x: redirect("302 Found", "http://localhost:%d/echo" % x.origin.memory["port"]))
mood("to-self")(lambda x: redirect("302 Found", "/echo"))


@mood()
def hops(x):
    """/hops/5/…: so many redirects, then a feed."""
    left, _, rest = x.rest.partition("/")
    return redirect("301 Moved Permanently", f"/hops/{int(left) - 1}/{rest}") if int(left) else healthy(x)


@mood()
def goto(x):
    """/goto/301/NAME: to where the test has put this name."""
    status, _, name = x.rest.partition("/")
    return redirect(status + " Elsewhere", x.origin.memory["goto"][name])


# ---- too much ----

def too_small(codings, status="200 OK", mib=40):
    return lambda x: answer(status, bomb(codings, mib), "Content-Encoding: " + codings)


mood("bomb")(too_small("gzip"))
mood("bomb-404")(too_small("gzip", "404 Not Found"))
mood("bomb-302")(lambda x: answer("302 Found", bomb("gzip", 40), "Content-Encoding: gzip", "Location: /healthy/bomb-302"))
for name in ("deflate", "br", "zstd", "gzip, gzip", "gzip, br"):
    mood("bomb-" + name.replace(", ", "-"))(too_small(name))
mood("codings-6")(lambda x: answer("200 OK", pack(FEED, ", ".join(["gzip"] * 6)), "Content-Encoding: " + ", ".join(["gzip"] * 6)))
mood("coding-unknown")(lambda x: answer("200 OK", FEED, "Content-Encoding: rot13"))
mood("headers")(lambda x: answer("200 OK", FEED, *["X-%d: %s" % (i, "y" * 1000) for i in range(100)]))
mood("header-long")(lambda x: answer("200 OK", FEED, "X: " + "y" * 90000))


async def forever(x, head, piece, pause=0.0):
    await x.send(head)
    while True:
        await x.send(piece)
        if pause:
            await asyncio.sleep(pause)


CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
for name, head in {"endless": b"HTTP/1.1 200 OK\r\n", "endless-404": b"HTTP/1.1 404 Not Found\r\n",
                   "endless-redirect": b"HTTP/1.1 302 Found\r\nLocation: /echo\r\n"}.items():
    mood(name)(lambda x, head=head: forever(x, head + CHUNKED, CHUNK))
mood("endless-headers")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 500 + b"\r\n"))
mood("endless-header")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\nX: ", b"y" * 8192))
mood("endless-interim")(lambda x: forever(x, b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"))
mood("endless-status")(lambda x: forever(x, b"HTTP/1.1 200 ", b"O" * 8192))
mood("endless-chunk-size")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\n" + CHUNKED, b"0" * 8192))
mood("endless-trailers")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"0\r\n", b"X: " + b"y" * 500 + b"\r\n"))


@mood()
async def announced(x):
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nxx")
    await asyncio.sleep(60)


# ---- too slow ----

@mood()
async def silent(x):
    await asyncio.sleep(600)


mood("drip")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", 0.2))
mood("drip-headers")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.5))
# Just above what counts as too slow.
mood("dawdle")(lambda x: forever(x, b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", b"x" * 150, 0.5))


# ---- not HTTP, or not what it says ----

async def say(x, data):
    await x.send(data)


SAYINGS = {
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + FEED,
    "chunk-cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + FEED[:0x40],
    "cut-in-headers": b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nX-Ha",
    "no-length-cut": b"HTTP/1.1 200 OK\r\n\r\n" + document("/no-length-cut")[:-60],
    "noise": b"SSH-2.0-OpenSSH_9.2\r\n",
    "garbage": bytes(range(256)) * 8,
    "http09": FEED,
    "http3": b"HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n",
    "negative-length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + FEED,
    "words-length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + FEED,
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n" + FEED,
    "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + FEED,
    "huge-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + FEED,
    "nul-header": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
}
for name, text in SAYINGS.items():
    mood(name)(lambda x, text=text: say(x, text))
mood("damaged")(lambda x: answer("200 OK", gzip.compress(FEED)[:10] + b"\xff" * 40, "Content-Encoding: gzip"))
mood("damaged-br")(lambda x: answer("200 OK", b"\xff" * 60, "Content-Encoding: br"))
mood("damaged-zstd")(lambda x: answer("200 OK", b"\xff" * 60, "Content-Encoding: zstd"))
mood("packed-cut")(lambda x: answer("200 OK", gzip.compress(document(x.request.path))[:-40], "Content-Encoding: gzip"))


@mood()
async def length_too_small(x):
    body = document(x.request.path, 3)
    await x.send(answer("200 OK", body, "Content-Length: %d" % (len(body) - 200)))
    await asyncio.sleep(0.2)


@mood()
async def short_length(x):
    """Sends more than it announces, such that what is over could begin the next answer."""
    body = document(x.request.path)
    await x.send(answer("200 OK", body + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Content-Length: %d" % len(body)))
    await asyncio.sleep(0.2)


@mood()
def trailing(x):
    """A whole answer, and garbage behind it on a connection that stays."""
    return answer("200 OK", document(x.request.path)) + b"\0\xff garbage\r\n" * 20


@mood()
def interim(x):
    """A few 1xx before the answer are allowed."""
    return b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nETag: \"early\"\r\n\r\n" * 5 + healthy(x)


@mood()
def drop_once(x):
    """As a server does whose idle time ran out just as the request came."""
    if not x.origin.memory.setdefault("dropped", False):
        x.origin.memory["dropped"] = True
        return None
    return answer("200 OK", FEED)


# ---- resets ----

async def reset_after(x, data):
    if data:
        await x.send(data)
        await asyncio.sleep(0.05)
    x.reset()


RESETS = {"request": b"", "status": b"HTTP/1.1 200 OK\r\n", "headers": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
          "body": SAYINGS["cut"]}
for name, text in RESETS.items():
    mood("reset-" + name)(lambda x, text=text: reset_after(x, text))
