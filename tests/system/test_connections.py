#!/usr/bin/python3
"""What connections the daemon makes, as nginx's log tells: TLS sessions that are resumed, HTTP/2 connections that are shared,
connections that are kept, and how long."""
import asyncio
import collections
import contextlib
import email.utils
import itertools
import json
import os
import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from origin.moods import answer, document  # noqa: E402
from origin.names import Names  # noqa: E402
from origin.server import TLS, Origin, tls_context  # noqa: E402

Took = collections.namedtuple("Took", "site end took address connection")
Reply = collections.namedtuple("Reply", "port host path connection nth resumed http tls address client")
# Ports of the server: what it speaks, and whether it keeps connections.
TLS12, TLS13, TLS12_H2, TLS13_H2, KEPT, KEPT_H2, SLOW, SLOW_H2, PLAIN, SLEEPY, CUT, CUT_TLS = range(8001, 8013)
SOON = "keepalive_requests 1;"  # after one request the connection is over
SLOW_BYTES = 20_000  # a second: so that requests are under way at the same time


class Server(wire.Nginx):
    """One nginx under every name and address of the island."""

    def __init__(self, work):
        self.work = pathlib.Path(work) / "nginx"
        self.work.mkdir()
        self.port, self.log = PLAIN, self.work / "access.log"
        os.chmod(work, 0o755)
        (self.work / "www").mkdir()
        (self.work / "www" / "feed.xml").write_bytes(document("/feed"))
        (self.work / "www" / "long.xml").write_bytes(document("/long") + b"<!--" + b"x" * 2 * SLOW_BYTES + b"-->")
        for file in ("valid.pem", "key.pem"):
            (self.work / file).write_bytes((TLS / file).read_bytes())
        temporary = "".join(f"{what}_temp_path {self.work}/{what}; " for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

        def server(port, more, tls="TLSv1.2 TLSv1.3", http2=False):
            return (f"server {{ listen {port} ssl{' http2' if http2 else ''} backlog=1024; ssl_protocols {tls}; {more} "
                    f"ssl_certificate {self.work}/valid.pem; ssl_certificate_key {self.work}/key.pem; root {self.work}/www; }}\n")
        (self.work / "nginx.conf").write_text(f"""{'user root;' if os.geteuid() == 0 else ''}
daemon off; worker_processes 1; pid {self.work}/pid; error_log {self.work}/error.log; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    log_format reply '$server_port $host $request_uri $connection $connection_requests $ssl_session_reused '
                     '$server_protocol $ssl_protocol $server_addr serial:$ssl_client_serial';
    access_log {self.log} reply;
    types {{ application/xml xml; }}
    ssl_session_cache shared:tests:10m; ssl_session_timeout 1h; keepalive_requests 100000; keepalive_timeout 600s; {temporary}
    {server(TLS12, SOON, tls="TLSv1.2")}
    {server(TLS13, SOON + " ssl_verify_client optional_no_ca;", tls="TLSv1.3")}
    {server(TLS12_H2, SOON, tls="TLSv1.2", http2=True)}
    {server(TLS13_H2, SOON, tls="TLSv1.3", http2=True)}
    {server(KEPT, "")}
    {server(KEPT_H2, "", http2=True)}
    {server(SLOW, f"limit_rate {SLOW_BYTES};")}
    {server(SLOW_H2, f"limit_rate {SLOW_BYTES};", http2=True)}
    server {{ listen {PLAIN}; root {self.work}/www; }}
}}
""")

    def replies(self, skip=0):
        return [Reply(int(line[0]), *line[1:4], int(line[4]), *line[5:])
                for line in (r.split() for r in self.log.read_text().splitlines()[skip:])]

    def mark(self):
        return len(self.log.read_text().splitlines())


def name(n):
    return f"h{n}.feeds.test"


def table(n):
    """Each name at an address of its own, of the public internet."""
    return {name(i): [f"20.{i // 250}.{i % 250}.1"] for i in range(n)}


def round_of(d, server, feeds):
    """Polls all feeds once; the replies."""
    mark, before = server.mark(), d.feeds()
    for feed in feeds:
        d.refresh(feed)

    def over():
        now = d.feeds()
        return all(now[wire.feed_id(f)].get("last_poll") != before[wire.feed_id(f)].get("last_poll") and
                   not now[wire.feed_id(f)]["polling"] for f in feeds)
    wire.wait_until("all feeds to be polled", over, 120)
    return server.replies(mark)


@contextlib.contextmanager
def daemon(feeds, settings=""):
    with wire.folder() as work, Server(work) as server:
        urls = {f: (u, ["interval: 6h"]) if isinstance(u, str) else (u[0], ["interval: 6h", *u[1]]) for f, u in feeds.items()}
        with wire.Daemon(work, urls, settings=settings or "hosts: []\n") as d:
            bad = {f: s.get("error") for f, s in d.wait_polled().items() if s.get("error")}
            assert not bad, bad
            yield d, server


def test_sessions():
    """More hosts than libcurl keeps sessions of in one place: each is greeted in full once, though no connection outlives its
    request."""
    hosts = 120
    kinds = {"tls12": (TLS12, "TLSv1.2", "HTTP/1.1"), "tls13": (TLS13, "TLSv1.3", "HTTP/1.1"),
             "tls12-h2": (TLS12_H2, "TLSv1.2", "HTTP/2.0"), "tls13-h2": (TLS13_H2, "TLSv1.3", "HTTP/2.0")}
    for kind, (port, tls, http) in kinds.items():
        feeds = {f"f{n}": f"https://{name(n)}:{port}/feed.xml" for n in range(hosts)}
        with daemon(feeds) as (d, server):
            assert all(r.resumed == "." for r in server.replies())
            # The second time a session comes from a first connection, the third time from a resumed one.
            for turn in (2, 3):
                replies = round_of(d, server, feeds)
                assert len(replies) == hosts and {(r.nth, r.tls, r.http) for r in replies} == {(1, tls, http)}, replies[:3]
                resumed = sum(r.resumed == "r" for r in replies)
                print(f"  {kind}, time {turn}: {resumed} of {hosts} resumed")
                # One place in eight is shared by chance: the hash is another in each run.
                assert resumed >= 0.9 * hosts, (kind, resumed)


def test_sessions_are_not_shared():
    """Who has a certificate, a secret or networks of its own is greeted in full, and so is who comes after it."""
    url = f"https://{name(0)}:{TLS13}/feed.xml"
    with wire.folder() as keys:
        (keys / "secret").write_text("word\n")
        os.chmod(keys, 0o755)
        for file in ("valid.pem", "key.pem"):
            (keys / file).write_bytes((TLS / file).read_bytes())
        feeds = {"plain": url, "bearer": (url, [f"auth: {{ bearer_file: {keys}/secret }}"]),
                 "certificate": (url, [f"auth: {{ certificate_file: {keys}/valid.pem, key_file: {keys}/key.pem }}"]),
                 "nets": (url, ["allow_net: ['10.0.0.0/8']"])}
        with daemon(feeds) as (d, server):
            for feed, resumed in (("plain", "r"), ("bearer", "."), ("certificate", "."), ("bearer", "."), ("nets", "r"), ("plain", "r")):
                reply, = round_of(d, server, [feed])
                assert reply.resumed == resumed, (feed, reply)
                # A certificate is shown where it belongs, and nowhere else.
                assert (reply.client != "serial:-") == (feed == "certificate"), (feed, reply)
            first = [r.resumed for r in server.replies()[:len(feeds)]]
            assert first == ["."] * 4, first


def slow(n, port):
    return [f"https://{name(n)}:{port}/long.xml?{i}" for i in range(8)]


def test_multiplexing():
    """Requests to one host at the same time share a connection over HTTP/2, and have one each over HTTP/1.1; those with a secret
    share none."""
    with wire.folder() as keys:
        (keys / "secret").write_text("word\n")
        os.chmod(keys, 0o755)
        feeds = {f"h2-{i}": u for i, u in enumerate(slow(0, SLOW_H2))}
        feeds |= {f"h1-{i}": u for i, u in enumerate(slow(1, SLOW))}
        feeds |= {f"secret-{i}": (u, [f"auth: {{ bearer_file: {keys}/secret }}"]) for i, u in enumerate(slow(2, SLOW_H2))}
        feeds |= {f"one-{i}": u for i, u in enumerate(slow(3, SLOW_H2)[:3])}
        feeds |= {f"mixed-{i}": u for i, u in enumerate(slow(2, SLOW_H2))}
        hosts = "".join(f"  - {{ host: {name(n)}, gap: 0s, parallel: 16 }}\n" for n in range(3))
        with daemon(feeds, f"hosts:\n{hosts}") as (d, server):
            replies = server.replies()
        of = {n: [r for r in replies if r.host == name(n)] for n in range(4)}
        assert len({r.connection for r in of[0]}) == 1 and {r.http for r in of[0]} == {"HTTP/2.0"}, of[0]
        assert len({r.connection for r in of[1]}) == 8 and {r.nth for r in of[1]} == {1}, of[1]
        mixed = collections.Counter(r.connection for r in of[2])
        assert sorted(mixed.values()) == [1] * 8 + [8], mixed
        assert len({r.connection for r in of[3]}) == 1, of[3]


def test_many_connections():
    """More hosts than connections would be kept by themselves: as many as there may be transfers are, also after a reload."""
    hosts = 600
    feeds = {f"f{n}": f"https://{name(n)}:{KEPT}/feed.xml" for n in range(hosts)}

    def settings(parallel):
        return f"hosts: []\nfetch: {{ parallel: {parallel} }}\n"
    with daemon(feeds, settings(hosts)) as (d, server):
        def kept(turn):
            used = sum(r.nth > 1 for r in round_of(d, server, feeds))
            print(f"  {turn}: {used} of {hosts} connections were there")
            return used
        assert kept("parallel 600") > 0.95 * hosts
        was = hosts
        for reloads, (parallel, least, most) in enumerate(((1, 0, 256 + 1), (hosts, 0.95 * hosts, hosts)), 1):
            path = d.config / "civicwired.yaml"
            path.write_text(path.read_text().replace(settings(was), settings(parallel)))
            was = parallel
            d.process.send_signal(signal.SIGHUP)
            wire.wait_until("the reload", lambda n=reloads: d.log_path.read_text().count("read again") == n)
            kept("after the reload, first")
            assert least <= kept(f"parallel {parallel}") <= most


def at_once(requests):
    """How many were under way at a time, at most."""
    ends = sorted([(r.end - r.took, 1) for r in requests] + [(r.end, -1) for r in requests], key=lambda e: (e[0], e[1]))
    return max(itertools.accumulate(n for _, n in ends))


def test_one_machine():
    """A hundred and fifty sites at one address, never asked before, are four requests at a time; what is elsewhere does not wait for
    them, and whoever has agreed to more gets it."""
    sites, shared, agreed = 150, "20.7.7.7", "20.8.8.8"
    feeds, body = {}, document("/feed")
    for n in range(sites):
        TABLE[f"s{n}.feeds.test"] = [shared]
        feeds[f"site-{n}"] = f"http://s{n}.feeds.test:{SLEEPY}/feed.xml"
    for n in range(40):
        TABLE[f"a{n}.feeds.test"] = [agreed]
        feeds[f"agreed-{n}"] = f"http://a{n}.feeds.test:{SLEEPY}/feed.xml"
        feeds[f"else-{n}"] = f"http://{name(n)}:{SLEEPY}/feed.xml"
    took = []

    async def sleepy(x):
        begin = time.monotonic()
        await asyncio.sleep(0.05)
        end = time.monotonic()
        took.append(Took(x.request.host.split(".")[0], end, end - begin, x.request.connection.address, x.request.connection.number))
        return answer("200 OK", body, "Content-Type: application/rss+xml", "Connection: close")
    with Origin() as origin:
        origin.scripts["/feed.xml"] = sleepy
        for address in ("20.7.7.7", "20.8.8.8", *(TABLE[name(n)][0] for n in range(40))):
            origin.listen(address, SLEEPY)
        with daemon(feeds, f"fetch: {{ parallel: 200 }}\nhosts:\n  - {{ host: {agreed}, gap: 0s, parallel: 16 }}\n") as (d, server):
            first = list(took)
            assert len(first) == len(feeds) == len({r.site for r in first}), len(first)
            assert len(origin.connections) == len(feeds), "an address was connected to, and not asked"
            for turn in ("never asked before", "known"):
                of = {kind: [r for r in took if r.site[0] == kind] for kind in "sah"}
                found = {kind: at_once(rs) for kind, rs in of.items()}
                lasts = {kind: max(r.end for r in rs) - min(r.end - r.took for r in took) for kind, rs in of.items()}
                print(f"  {turn}: at a time {found}, over after {({k: round(v, 1) for k, v in lasts.items()})} s")
                assert found["s"] == 4 and 4 < found["a"] <= 16, found
                assert lasts["h"] < lasts["s"] / 2 and lasts["a"] < lasts["s"] / 2, lasts
                took.clear()
                if turn == "known":
                    break
                round_of(d, server, feeds)


def cut(x, text, version, kind):
    """The beginning of a body whose length nobody has said, and then the end of the connection: no word of TLS, only TCP's FIN."""
    async def end():
        await x.send(f"HTTP/{version} 200 OK\r\nContent-Type: {kind}\r\nETag: \"cut\"\r\nConnection: close\r\n\r\n".encode() + text)
        x.writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    return end()


def json_document(items):
    entries = [{"id": f"n{i}", "url": f"https://news.example/{i}", "title": f"Item {i}", "content_text": "-"} for i in range(items)]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": entries}).encode()


def test_cut_off():
    """libcurl takes the end of a connection for the end of a body, whether TLS has said so or not. The document knows better: what
    it lacks is not withdrawn, and it is asked for again, whole."""
    full = {"rss": document("/feed", 5), "json": json_document(5)}
    less = {"rss": document("/feed", 2), "json": json_document(2)}
    ends = {"rss": b"</item>", "json": b"}, "}
    kinds = {"rss": "application/rss+xml", "json": "application/feed+json"}
    cases = [(scheme, version, form) for scheme in ("https", "http") for version in ("1.1", "1.0") for form in full]
    feeds, asked, turn = {}, {}, [0]

    def respond(version, form):
        def one(x):
            asked.setdefault(x.request.path, []).append(x.header("if-none-match"))
            if turn[0] == 1:  # between two items
                at = full[form].index(ends[form]) + len(ends[form])
                return cut(x, full[form][:at], version, kinds[form])
            body = full[form] if turn[0] != 3 else less[form]
            if x.header("if-none-match") == '"cut"':
                return answer("304 Not Modified")
            return answer("200 OK", body, f"Content-Type: {kinds[form]}", f'ETag: "{turn[0]}"')
        return one

    with Origin() as origin:
        for n, (scheme, version, form) in enumerate(cases):
            port = CUT_TLS if scheme == "https" else CUT
            feeds[f"f{n}"] = (f"{scheme}://{name(n)}:{port}/{n}", ["complete: true"])
            origin.scripts[f"/{n}"] = respond(version, form)
            origin.listen(TABLE[name(n)][0], CUT_TLS, tls=tls_context())
            origin.listen(TABLE[name(n)][0], CUT)
        with daemon(feeds) as (d, server):
            withdrawn = []
            for turn[0] in (1, 2, 3):
                round_of(d, server, feeds)
                d.wait_published()
                bad = {f: s["error"] for f, s in d.feeds().items() if s.get("error")}
                assert not bad, (turn, bad)
                events, _ = wire.Replay(d.replay).all()
                withdrawn.append(sum(".withdrawn." in e["type"] for e in events))
        print(f"  withdrawn after a cut, a whole and a shorter document: {withdrawn}")
        assert withdrawn == [0, 0, 3 * len(cases)], withdrawn
        assert all(tags == [None, '"0"', None, '"2"'] for tags in asked.values()), asked


def test_hold_survives():
    """429 holds a whole host for as long as it said, also if the daemon starts again meanwhile; other hosts go on."""
    hold_s = 6
    for n, header in ((100, str(hold_s)), (101, "")):
        asked = []

        def respond(x, header=header):
            asked.append((x.request.path, time.time()))
            if len(asked) == 3:
                if not header:
                    asked[-1] = (x.request.path, int(time.time()))
                    header = email.utils.formatdate(asked[-1][1] + hold_s, usegmt=True)
                return answer("429 Too Many Requests", b"", f"Retry-After: {header}")
            return answer("200 OK", document(x.request.path), "Content-Type: application/rss+xml")
        with Origin() as origin, wire.folder() as work:
            origin.listen(TABLE[name(n)][0], CUT)
            origin.listen(TABLE[name(n + 2)][0], CUT)
            origin.scripts["/a"] = origin.scripts["/b"] = respond
            feeds = {f: (f"http://{name(n)}:{CUT}/{f}", ["interval: 1s"]) for f in "ab"}
            feeds["else"] = f"http://{name(n + 2)}:{CUT}/healthy"
            with wire.Daemon(work, {f: u if isinstance(u, tuple) else (u, []) for f, u in feeds.items()}, settings="hosts: []\n") as d:
                wire.wait_until("the host to have enough", lambda: len(asked) == 3)
                wire.wait_until("that to be journaled", lambda: any(
                    "429" in (f.get("error") or "") for f in d.feeds().values()))
            elsewhere = len(origin.requests_for("/healthy"))
            held = asked[-1][1]
            with d:
                wire.wait_until("the hold to be over", lambda: len(asked) > 3)
                after = asked[3][1] - held
                print(f"  asked again after {after:.2f} s, Retry-After: {header or 'as a date'}")
                assert hold_s <= after < hold_s + 3, after
                assert len(origin.requests_for("/healthy")) >= elsewhere + 3
                wire.wait_until("both feeds to be polled", lambda: {p for p, _ in asked[3:]} == {"/a", "/b"})


def test_look_ups():
    """A name server that takes its time has at most 32 names to look up at a time, and each once for 30 s."""
    feeds = {f"f{n}": f"http://{name(n)}:{PLAIN}/feed.xml" for n in range(200)}
    NAMES.delay_s = 0.2
    try:
        with daemon(feeds) as (d, server):
            asked = len(NAMES.questions)
            round_of(d, server, feeds)
            print(f"  {NAMES.most_waiting} names at a time")
            assert 8 < NAMES.most_waiting <= 32, NAMES.most_waiting
            assert len(NAMES.questions) == asked
    finally:
        NAMES.delay_s = 0


def test_moved_server():
    """A server's new address is used within a minute, though the connection to the old one is open and in use."""
    TABLE[name(500)] = lambda kind: ["20.9.9.1"] if moved else ["20.9.9.0"]
    moved = []
    feeds = {"moving": f"https://{name(500)}:{KEPT_H2}/feed.xml", "http": f"http://{name(500)}:{PLAIN}/feed.xml"}
    with daemon(feeds, "hosts: []\nfetch: { gap: 0s }\n") as (d, server):
        assert {r.address for r in server.replies()} == {"20.9.9.0"}
        assert all(r.nth == 2 for r in round_of(d, server, feeds))
        moved.append(time.monotonic())
        arrived = {}
        while len(arrived) < len(feeds):
            for reply in round_of(d, server, feeds):
                if reply.address == "20.9.9.1":
                    arrived.setdefault(reply.port, time.monotonic() - moved[0])
            assert time.monotonic() - moved[0] < 90, arrived
            time.sleep(1)
        print(f"  at the new address after {', '.join(f'{s:.0f} s' for s in arrived.values())}")
        assert max(arrived.values()) < 63, arrived


island.use_names()
island.trust(TLS / "authority.pem")
TABLE = table(600)
NAMES = Names(TABLE)
wire.main([test_cut_off, test_hold_survives, test_sessions, test_sessions_are_not_shared, test_multiplexing, test_many_connections, test_one_machine, test_look_ups,
           test_moved_server])
