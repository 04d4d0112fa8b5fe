#!/usr/bin/python3
"""Bad origins, all at once, beside good ones: each way to misbehave gives a bounded error that has a name, in the feed's state
and in the log; the same feed is read once its server has come to its senses; and the good ones are polled as if nothing were.
CIVICWIRE_ORIGIN_LONG=1 adds those that are too slow, which takes as long as the daemon is patient."""
import itertools
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import codings, island  # noqa: E402

island.enter()

import wire  # noqa: E402
from origin.moods import document  # noqa: E402
from origin.names import SILENT, Names  # noqa: E402
from origin.server import TLS, Origin, reset, tls_context  # noqa: E402

LONG = os.environ.get("CIVICWIRE_ORIGIN_LONG")
PORT = 8000
GOOD = 20
HANGING, PLACES = 40, 30
# Bodies wait in files above 256 KiB; what stays is windows of decoders, parsers and their arenas.
MEMORY_MAX_MIB = 256
SECONDS_MAX = 75  # 60 in all, and 10 for another hop's connection at most

# The mood, the fault and words of its sentence; "": none, the feed is read, as far as it came.
BAD = [
    ("bomb", "compression-bomb", "200 times"), ("bomb-deflate", "compression-bomb", "200 times"),
    ("bomb-br", "compression-bomb", "200 times"), ("bomb-zstd", "compression-bomb", "200 times"),
    ("bomb-gzip-gzip", "compression-bomb", "200 times"), ("bomb-gzip-br", "compression-bomb", "200 times"),
    ("bomb-404", "http-status", "404 Not Found"), ("bomb-302", "", ""),
    ("codings-6", "body-damaged", "more than 5 content encodings"), ("coding-unknown", "body-damaged", "Unrecognized content encoding"),
    ("damaged", "body-damaged", "unpacked"), ("damaged-br", "body-damaged", "unpacked"),
    ("damaged-zstd", "body-damaged", "unpacked"),
    ("endless", "too-large", "16 MiB"), ("endless-404", "http-status", "404"), ("announced", "too-large", "16 MiB"),
    ("headers", "headers-too-large", "64 KiB"), ("header-long", "headers-too-large", "64 KiB"),
    ("endless-headers", "headers-too-large", "64 KiB"), ("endless-header", "headers-too-large", "64 KiB"),
    ("endless-status", "headers-too-large", "64 KiB"), ("endless-interim", "headers-too-large", "64 KiB"),
    ("endless-trailers", "headers-too-large", "64 KiB"), ("endless-chunk-size", "broken-off", "chunk"),
    ("loop", "too-many-redirects", "5 times"), ("hops/6", "too-many-redirects", "5 times"), ("hops/5", "", ""),
    ("to-file", "scheme-refused", "file:"), ("to-ftp", "scheme-refused", "ftp:"), ("to-data", "url-refused", "data:"),
    ("to-gopher", "scheme-refused", "gopher:"), ("to-user", "url-refused", "user name"), ("to-nothing", "url-refused", "no URL"),
    ("to-nowhere", "http-status", "302"),
    ("304", "not-modified-unasked", "304"), ("204", "http-status", "204"), ("206", "http-status", "206"),
    ("404", "http-status", "404 Not Found"), ("410", "gone", "410 Gone"), ("429", "busy", "after 120 s"),
    ("503", "busy", "to be asked again after"), ("500", "http-status", "500 Internal"),
    ("status-words", "not-http", "HTTP"), ("login", "not-a-feed", "an HTML page"), ("empty", "not-a-feed", "empty"),
    ("cut", "body-cut", "cut the body off"), ("chunk-cut", "body-cut", "cut the body off"),
    ("cut-in-headers", "broken-off", "within the headers"), ("nothing", "no-answer", "without an answer"),
    ("noise", "not-http", "HTTP"), ("garbage", "not-http", "HTTP"), ("http09", "not-http", "HTTP"), ("http3", "not-http", "HTTP"),
    ("negative-length", "not-http", "HTTP"), ("words-length", "not-http", "HTTP"), ("two-lengths", "not-http", "two lengths"),
    ("bad-chunk", "broken-off", "chunk"), ("huge-chunk", "broken-off", "chunk"), ("nul-header", "not-http", "HTTP"),
    ("reset-request", "broken-off", "reset"), ("reset-status", "broken-off", "reset"), ("reset-headers", "broken-off", "reset"),
    ("reset-body", "broken-off", "reset"),
    ("no-length-cut", "", ""), ("packed-cut", "", ""), ("length-too-small", "", ""),
    ("short-length", "", ""), ("trailing", "", ""), ("interim", "", ""), ("gzip-gzip", "", ""),
]
SLOW = [
    ("silent", "too-slow", "20 s"), ("drip", "too-slow", "20 s"), ("drip-headers", "too-slow", "20 s"),
    ("dawdle", "timeout", "60 s"),
]


async def accept_and_reset(origin, connection, reader, writer):
    reset(writer)


async def accept_and_wait(origin, connection, reader, writer):
    await reader.read()


async def speak_plainly(origin, connection, reader, writer):
    """Of TLS this port knows nothing."""
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def cut_without_goodbye(origin, connection, reader, writer):
    """A body without a length, whose end TLS would vouch for, cut off."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss version='2.0'><channel><title>x</title>")
    await writer.drain()
    writer.transport._ssl_protocol._transport.abort()


class Ports:
    """A port for each fault below HTTP. After heal() all of them are good."""

    def __init__(self, origin):
        self.origin, self.bad, self.contexts = origin, True, []

    def tls(self, certificate="valid.pem", **options):
        """Whatever its certificate, it goes on with sessions of before: the keys of its tickets stay."""
        context = tls_context(certificate, **options)
        self.contexts.append(context)
        return self.origin.listen("0.0.0.0", tls=context)

    def tls_behind(self, accept):
        return self.origin.listen("0.0.0.0", tls=tls_context(), accept=self.while_bad(accept))

    def while_bad(self, accept):
        async def choose(*all_of_it):
            return await accept(*all_of_it) if self.bad else "http"
        return choose

    def plain(self, accept):
        return self.origin.listen("0.0.0.0", accept=self.while_bad(accept))

    def heal(self):
        import ssl
        self.bad = False
        for context in self.contexts:
            context.load_cert_chain(TLS / "valid.pem", TLS / "key.pem")
            if context.minimum_version != ssl.TLSVersion.TLSv1_2:
                context.maximum_version = ssl.TLSVersion.TLSv1_3


def below_http(ports):
    """(name, URL, fault, words). A reset may come before libcurl knows that it is connected, or after."""
    import ssl
    at = "https://{}.feeds.test:{}/healthy/{}".format
    for certificate, fault, words in (
            ("expired", "certificate-expired", "has expired"), ("not-yet", "certificate-not-yet-valid", "not valid yet"),
            ("wrong-name", "certificate-other-name", "another name"), ("self-signed", "certificate-self-signed", "by itself"),
            ("unknown-authority", "certificate-untrusted", "nobody here trusts")):
        yield certificate, at(certificate, ports.tls(certificate + ".pem"), certificate), fault, words
    # There the session comes before libcurl has seen whose certificate it is.
    yield ("wrong-name-tls12", at("wrong-name-tls12", ports.tls("wrong-name.pem", newest=ssl.TLSVersion.TLSv1_2), "wrong-name-tls12"),
           "certificate-other-name", "another name")
    for version, name in ((ssl.TLSVersion.TLSv1, "tls10"), (ssl.TLSVersion.TLSv1_1, "tls11")):
        yield name, at(name, ports.tls(newest=version), name), "tls-handshake", "no TLS connection"
    # libcurl takes the end of the connection for that of the body; the document shows that it is not, and is read as far as it came.
    yield "tls-cut", at("tls-cut", ports.tls_behind(cut_without_goodbye), "tls-cut"), "", ""
    yield "accept-reset", f"http://accept-reset.feeds.test:{ports.plain(accept_and_reset)}/healthy/accept-reset", "broken-off|unreachable", "reset by peer"
    yield "nobody", "http://nobody.feeds.test/healthy/nobody", "name-unknown", "not known to DNS"
    yield "closed", "http://closed.feeds.test:1/healthy/closed", "connection-refused", "port 1"
    yield "plain", at("plain", ports.plain(speak_plainly), "plain"), "tls-handshake", "no TLS connection"
    yield "tls-reset", at("tls-reset", ports.plain(accept_and_reset), "tls-reset"), "tls-handshake|unreachable", "reset by peer"
    if LONG:
        yield "tls-silent", at("tls-silent", ports.plain(accept_and_wait), "tls-silent"), "tls-timeout", "10 s"


# Those that stay as they are; and after a 429 not even the operator gets the host asked before it wants to be.
UNHEALED = {"nobody", "closed", "plain", "tls-reset", "tls-silent", "429"}


def feeds_of(origin, names):
    """{name: (URL, fault, words)}: each at a host of its own, so that none waits for another."""
    feeds = {}
    for n, (mood, fault, words) in enumerate(BAD + (SLOW if LONG else [])):
        name = mood.replace("/", "-")
        feeds[name] = (f"http://127.1.{n}.1:{PORT}/{mood}/{name}", fault, words)
    ports = Ports(origin)
    for name, url, fault, words in below_http(ports):
        feeds[name] = (url, fault, words)
        if name != "nobody":
            names.table[f"{name}.feeds.test"] = ["127.2.0.1"]
    return feeds, ports


def status_line(daemon, word):
    return int(re.search(rf"{word}:\s+(\d+) kB", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()).group(1)) / 1024


def gaps(origin, since):
    """Between the polls of each good feed, in seconds."""
    found = []
    for n in range(GOOD):
        times = [r.time for r in origin.requests_for(f"/healthy/good{n}") if r.time >= since]
        found += [b - a for a, b in itertools.pairwise(times)]
    return sorted(found)


def show(feeds, found, took):
    for name, (url, fault, words) in feeds.items():
        feed = found[name]
        print(f"  {name:<20} {feed.get('fault', '–'):<24} {feed.get('error', 'read, ' + str(feed['items']) + ' items')[:110]}")
    print(f"  all polled within {took:.1f} s")


def check_faults(feeds, found, log):
    wrong = []
    for name, (url, fault, words) in feeds.items():
        feed = found[name]
        if feed.get("fault", "") not in fault.split("|") or (feed["health"] == "fine") != (not fault) or words not in feed.get("error", ""):
            wrong.append(f"{name}: wanted {fault or 'nothing'} ({words}), not {feed.get('fault')}: {feed.get('error')}")
        told = [line for line in log.splitlines() if f"feed={wire.feed_id(name)} " in line and " is failing: " in line]
        if len(told) != bool(fault) or (fault and (f"({feed['fault']})" not in told[0] or f"fault={feed['fault']}" not in told[0])):
            wrong.append(f"{name}: the log has {told}")
    assert not wrong, "\n".join(wrong)


def test_bad_origins(origin, names):
    feeds, ports = feeds_of(origin, names)
    allowed = "allow_net: ['127.0.0.0/8']"
    configured = {name: (row[0], [allowed, "interval: 6h"]) for name, row in feeds.items()}
    good = {f"good{n}": (f"http://127.3.{n}.1:{PORT}/healthy/good{n}", [allowed]) for n in range(GOOD)}
    # Packed before they are asked for: the origin has one thread.
    for name in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "gzip, br"):
        codings.bomb(name, 40)
    with wire.folder() as work, wire.Daemon(work, good, "1s") as daemon:
        daemon.wait_polled()
        time.sleep(3)
        alone = gaps(origin, 0)
        memory = status_line(daemon, "VmHWM")
    with wire.folder() as work, wire.Daemon(work, good | configured, "1s") as daemon:
        start = time.time()
        found = daemon.wait_polled(set(feeds))
        took = time.time() - start
        time.sleep(max(0, 5 - took))
        beside = gaps(origin, start)
        peak = status_line(daemon, "VmHWM")
        show(feeds, found, took)
        print(f"  {GOOD} good feeds, each 1 s (and up to a tenth): alone at most {alone[-1]:.3f} s between polls, beside "
              f"{len(feeds)} bad ones {beside[-1]:.3f} s ({len(beside)} polls)")
        print(f"  memory at its highest: {memory:.0f} MiB with good feeds, {peak:.0f} MiB with all")
        check_faults(feeds, found, daemon.log_path.read_text())
        assert peak < MEMORY_MAX_MIB and took < SECONDS_MAX
        assert beside[-1] < 5, "good feeds were held up"

        ports.heal()
        mended = [name for name in feeds if name not in UNHEALED]
        origin.healed |= {"/" + feeds[name][0].split("/", 3)[3] for name in mended}
        before = {name: daemon.feeds()[wire.feed_id(name)].get("last_poll") for name in mended}
        for name in mended:
            daemon.refresh(name)

        def again():
            now = {name: daemon.feeds()[wire.feed_id(name)] for name in mended}
            return all(f["last_poll"] != before[n] and not f["polling"] for n, f in now.items()) and now
        found = wire.wait_until("the mended feeds to be polled", again, 60)
        sick = {n: f.get("error") for n, f in found.items() if f["health"] != "fine" or f["failures"] or "fault" in f}
        assert not sick, sick
        read = [n for n, f in found.items() if f["items"] == 1]
        assert read == mended, set(mended) - set(read)
        print(f"  {len(mended)} of them mended: all read at the next poll")


def test_hanging(origin, names):
    """Servers that accept and say nothing, and names that are not answered: far more of both than there are places. Those that
    answered are polled as if nothing were; so is one that is new, once the others are known to hang."""
    allowed = "allow_net: ['127.0.0.0/8']"
    good = {f"good{n}": (f"http://good{n}.feeds.test:{PORT}/healthy/good{n}", [allowed, "ignore_hints: true"]) for n in range(GOOD)}
    bad = {f"hung{n}": (f"http://127.4.{n}.1:{PORT}/silent/hung{n}", [allowed]) for n in range(HANGING)}
    bad |= {f"nameless{n}": (f"http://nameless{n}.feeds.test:{PORT}/healthy/nameless{n}", [allowed]) for n in range(HANGING)}
    names.table |= {f"good{n}.feeds.test": [f"127.3.{n}.1"] for n in range(GOOD)}
    names.table |= {f"nameless{n}.feeds.test": SILENT for n in range(HANGING)}
    settings = f"fetch: {{ parallel: {PLACES} }}\n"
    with wire.folder() as work, wire.Daemon(work, good, "1s", settings) as daemon:
        daemon.wait_polled()
        daemon.configure(good | bad, "1s", settings, "")
        since = time.time()
        status, body = daemon.get("/v1/reload", "POST")
        assert status == 202, body
        wire.wait_until("more to hang than there are places", lambda: daemon.status()["lanes"]["slow"]["busy"] > 2 * PLACES, step=0.2)
        took = time.time() - since
        late = {f"late{n}": (f"http://127.5.{n}.1:{PORT}/healthy/late{n}", [allowed]) for n in range(GOOD)}
        daemon.configure(good | bad | late, "1s", settings, "")
        daemon.get("/v1/reload", "POST")
        daemon.wait_polled(set(late))
        lanes, counters = daemon.status()["lanes"], daemon.status()["counters"]
        beside = gaps(origin, since)
        print(f"  {2 * PLACES} hang after {took:.1f} s, with {PLACES} places: {GOOD} good ones had at most {beside[-1]:.3f} s between "
              f"polls ({len(beside)} polls); {lanes}")
        assert lanes["slow"]["busy"] > PLACES, "they were to hang to the end"
        assert len(beside) > GOOD and beside[-1] < 5, "good feeds were held up"
        assert counters["civicwire_polls_early_total"] == 0


def start_nginx(work):
    """Debian's nginx with TLS and HTTP/2, which closes a connection that has been idle for two seconds."""
    program = wire.need_program("nginx")
    (work / "root").mkdir()
    (work / "root" / "feed.xml").write_bytes(document("/feed.xml"))
    os.chmod(work, 0o755)
    conf = work / "nginx.conf"
    conf.write_text(f"""
{'user root;' if os.geteuid() == 0 else ''} daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log;
events {{ }}
http {{
    log_format told '$server_protocol $ssl_protocol $ssl_session_reused $connection $connection_requests $status';
    access_log {work}/access.log told; keepalive_timeout 2s; types {{ application/xml xml; }}
    client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u;
    scgi_temp_path {work}/s; ssl_session_cache shared:a:1m; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {TLS}/valid.pem; ssl_certificate_key {TLS}/key.pem; root {work}/root;
    server {{ listen 8443 ssl http2; }}
    server {{ listen 8444 ssl; }}
}}
""")
    return subprocess.Popen([program, "-p", str(work), "-c", str(conf)], stderr=subprocess.DEVNULL)


def test_http2(names):
    """A connection is used again while it is there, over HTTP/2 too. After that a TLS session goes on where it was, but with
    libcurl 7.88 over HTTP/1.1 alone: that of HTTP/2 is printed, not asserted."""
    names.table |= {"two.feeds.test": ["127.2.0.2"], "one.feeds.test": ["127.2.0.3"]}
    ports = {"two": 8443, "one": 8444}
    with wire.folder() as work, wire.folder() as served:
        nginx = start_nginx(served)
        try:
            for name, port in ports.items():
                (work / name).mkdir()
                feed = (f"https://{name}.feeds.test:{port}/feed.xml", ["allow_net: ['127.0.0.0/8']"])
                with wire.Daemon(work / name, {name: feed}, "6h") as daemon:
                    daemon.wait_polled()
                    daemon.poll_now(name)
                    time.sleep(3)  # nginx has closed it
                    found, = daemon.poll_now(name)
                    assert found["health"] == "fine" and found["items"] == 1, found
        finally:
            nginx.terminate()
            nginx.wait()
        said = [line.split() for line in (served / "access.log").read_text().splitlines()]
    for (first, again, later), protocol in ((said[:3], "HTTP/2.0"), (said[3:], "HTTP/1.1")):
        assert first[0] == protocol and first[1] == "TLSv1.3" and [s[5] for s in (first, again, later)] == ["200", "304", "304"], said
        assert again[3:5] == [first[3], "2"] and later[3] != first[3], said
        print(f"  {protocol} over {first[1]}: 2 polls on one connection, then the TLS session was "
              f"{'resumed' if later[2] == 'r' else 'begun anew'}")
    assert said[5][2] == "r", said


def main():
    island.use_names(timeout_s=20)
    island.trust(TLS / "authority.pem")
    names = Names({})
    with Origin() as origin:
        origin.listen("0.0.0.0", PORT)
        origin.memory["port"] = PORT

        def test_bad_origins_beside_good():
            test_bad_origins(origin, names)
        def test_http2_and_tls_sessions():
            test_http2(names)
        def test_hanging_origins_take_no_places():
            test_hanging(origin, names)
        wire.main([test_http2_and_tls_sessions, test_hanging_origins_take_no_places, test_bad_origins_beside_good])


if __name__ == "__main__":
    main()
