#!/usr/bin/python3
"""What hubs push, and whoever else finds the callback: what was acknowledged is durable, whatever breaks; nothing comes twice; a
hostile peer gets no memory, and nobody else waits for him. One row for each rule."""
import asyncio
import errno
import gzip
import os
import pathlib
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from breakers import Faults, cut_power  # noqa: E402
from hubs import KINDS, Daemon, Rows, run  # noqa: E402
from origin.codings import bomb  # noqa: E402
from origin.moods import LOGIN  # noqa: E402

MIB = 1 << 20
KILLS = int(os.environ.get("CIVICWIRE_PUSH_KILLS", "5"))
# Bodies wait in files above 256 KiB; what stays is windows of decoders, parsers and their arenas.
MEMORY_MAX_MIB = 256 if Faults.LIBRARY.exists() else 1024  # a sanitiser keeps what was freed
SLOW, SLOW_SECONDS_MAX = 40, 75
FLOOD = 300


def peak_mib(daemon):
    return int(pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def items_of(daemon, source):
    published, more = daemon.replay_ids(source)
    assert len(published) == len(set(published)), f"{source.name}: an item was told twice"
    return len(published), more


# ---- what was acknowledged is durable ----

def test_durable(world):
    sources = [world.source(f"durable{n}") for n in range(6)]
    r = Rows()
    with wire.folder() as work:
        faults = Faults(work, shadow=True)
        with Daemon(world, work, sources, extra=faults.environment()) as daemon:
            daemon.wait_active(*sources)
            for source in sources:
                daemon.wait_items(source, source.items)
            check_cut(r, daemon, world, sources)
            check_trouble(r, daemon, world, sources[0], faults)
            check_end(r, daemon, world, sources[1], faults)
            check_polled_too(r, daemon, sources)
    r.judge()


def test_killed(world):
    """kill -9 the moment the first hub has verified: what hubs believe holds afterwards, or is asked for anew."""
    r, held, anew = Rows(), 0, 0
    for n in range(KILLS):
        sources = [world.source(f"killed{n}-{k}") for k in range(4)]
        with wire.folder() as work:
            daemon = Daemon(world, work, sources).start()
            wire.wait_until("a hub to verify", lambda: any(s.subscription for s in sources), 30, 0.001)
            daemon.kill()
            verified = [s for s in sources if s.subscription]
            asked = len(world.hub.asked)
            with daemon:
                for source in verified:
                    daemon.wait_items(source, source.items)
                    source.grow()
                    wire.wait_until(f"{source.name}'s push", lambda s=source: all(
                        d.answer.is_good for d in world.hub.publish(s.topic, s.document())) and s.subscription, 20)
                    daemon.wait_items(source, source.items)
            held += len(verified)
            anew += len(world.hub.asked) > asked
    r.row("kill -9 as a hub verifies: its pushes are taken", f"{KILLS} times, {held} were verified, asked anew {anew} times", held >= KILLS)
    r.judge()


def check_cut(r, daemon, world, sources):
    """The power goes the moment one of six pushes is acknowledged: only what was synced is left."""
    acknowledged = lost = 0
    for n in range(KILLS):
        answers, pid = {}, daemon.process.pid

        def die(answer, source):
            answers[source] = answer
            if answer.is_good:
                os.kill(pid, signal.SIGKILL)
        for source in sources:
            source.grow()
        # A moment apart, so that some are just being written.
        pushing = [world.hub.begin(world.hub.post(s.subscription, s.document(first=s.items), on_answer=lambda a, s=s: die(a, s)))
                   for s in sources[n % 2 * 5:]]
        for push in pushing:
            push.result(60)
        assert any(a.is_good for a in answers.values()), answers
        cut_power(daemon)
        daemon.start().wait_ready()
        for source, said in answers.items():
            if said.is_good:
                acknowledged += 1
                lost += items_of(daemon, source)[0] < source.items
        # What was not acknowledged the hub sends again.
        for source in sources:
            delivery, = world.hub.publish(source.topic, source.document(first=source.items))
            assert delivery.answer.is_good, delivery
            daemon.wait_items(source, source.items)
    r.row("the power goes after a 2xx: its event is there", f"{KILLS} times, {acknowledged} acknowledged, {lost} lost",
          acknowledged >= KILLS and lost == 0)


def check_trouble(r, daemon, world, source, faults):
    faults.fail_writes(1, errno.ENOSPC)
    said = source.push()
    r.row("the journal cannot be written: 503", said.status, said.status == 503)
    wire.wait_until("the trouble to be told", lambda: daemon.status()["journal"].get("trouble"))
    again = world.hub.push(source.subscription, source.document(first=source.items))
    r.row("… and again, while it is told", f"{again.status}, {daemon.status()['journal']['trouble']}", again.status == 503)
    tries = len(world.hub.delivered)
    delivering = world.hub.begin(world.hub.distribute(source.topic, source.document(first=source.items), KINDS["rss"]))
    wire.wait_until("the first try to be refused", lambda: len(world.hub.delivered) > tries, step=0.01)
    faults.end()
    delivery, = delivering.result(60)
    daemon.wait_items(source, source.items)
    n, more = items_of(daemon, source)
    r.row("… until it can: the hub has come again", f"{delivery.answer.status} at the {delivery.nth}. try, {n} items",
          delivery.answer.is_good and delivery.nth > 1 and n == source.items and not more)


def check_end(r, daemon, world, source, faults):
    """The daemon ends while a push waits for a journal that cannot be written: it is not acknowledged, and holds nobody up."""
    faults.fail_writes(1, errno.ENOSPC)
    pushing = world.hub.begin(world.hub.post(source.subscription, source.grow()))
    wire.wait_until("the trouble to be told", lambda: daemon.status()["journal"].get("trouble"))
    ended = daemon.stop()
    said = pushing.result(30)
    faults.end()
    daemon.start().wait_ready()
    delivery, = world.hub.publish(source.topic, source.document(first=source.items))
    daemon.wait_items(source, source.items)
    r.row("the daemon ends meanwhile: the hub comes again", f"{said.status}, ended with {ended}, {delivery.answer.status}",
          said.status in (0, 503) and ended == 0 and delivery.answer.is_good)


def check_polled_too(r, daemon, sources):
    daemon.poll_now(*(s.name for s in sources))
    counts = [(items_of(daemon, s), s.items) for s in sources]
    r.row("polled afterwards: each item once, none withdrawn", [n for (n, _), _ in counts],
          all(n == wanted and not more for (n, more), wanted in counts))


# ---- bodies ----

class Slow:
    """Senders of a byte a second, from now on."""

    def __init__(self, world, source):
        self.began = time.monotonic()
        how = {"length": 100000, "pause": 1.0, "timeout": SLOW_SECONDS_MAX + 30}
        self.answers = [world.hub.begin(world.hub.post(source.subscription, b"", pieces=iter(lambda: b"x", None), **how))
                        for _ in range(SLOW)]
        # … and some that do not even end their head.
        self.silent = [socket.create_connection(("127.0.0.1", int(source.subscription.callback.split("/")[2].split(":")[1])))
                       for _ in range(SLOW)]
        for s in self.silent:
            s.sendall(b"POST /websub/ HTTP/1.1\r\nX: ")

    def check(self, r):
        ended = [a.result(SLOW_SECONDS_MAX + 30) for a in self.answers]
        for s in self.silent:
            s.settimeout(max(1, SLOW_SECONDS_MAX - (time.monotonic() - self.began)))
            while s.recv(4096):
                pass
            s.close()
        took = time.monotonic() - self.began
        r.row(f"{2 * SLOW} senders of a byte a second, and of nothing: cut", f"within {took:.0f} s, {set(a.status for a in ended)}",
              took < SLOW_SECONDS_MAX and not any(a.is_good for a in ended))


def endless(length):
    piece = b" " * 65536
    return (piece for _ in range(length // len(piece)))


def check_sizes(r, daemon, world, source):
    known = items_of(daemon, source)[0]
    for what, how in (("100 MB that say so", {"pieces": endless(100 * MIB), "length": 100 * MIB}),
                      ("100 MB in chunks", {"pieces": endless(100 * MIB), "chunked": True}),
                      ("16 MiB and a bit", {"body": b" " * (16 * MIB + 1)}),
                      ("40 MiB in 40 KB", {"body": bomb("gzip", 40), "headers": ["Content-Encoding: gzip"]})):
        body = how.pop("body", b"")
        said = world.hub.push(source.subscription, body, **how)
        r.row(f"a push of {what}", f"{said.status}, {peak_mib(daemon):.0f} MiB at most",
              said.status in (0, 413, 415) and peak_mib(daemon) < MEMORY_MAX_MIB)
    source.extra = f"<description>{'Lorem ipsum. ' * 400000}</description>"
    said = source.push(chunked=True, body=None, pieces=None)
    source.extra = ""
    r.row("a push of 5 MB, in order", said.status, said.is_good or said.status == 411)
    if said.is_good:
        daemon.wait_items(source, known + 1)


def check_contents(r, daemon, world, source):
    """Rightly signed, and no feed."""
    known, polls = items_of(daemon, source)[0], len(source.polls())
    document = source.document(first=80, last=81)
    for what, body, more in (("a login page", LOGIN, []), ("nothing", b"", []), ("noise", bytes(range(256)) * 40, []),
                             ("gzip that is none", b"plain", ["Content-Encoding: gzip"]),
                             ("an unknown coding", document, ["Content-Encoding: rot13"])):
        said = world.hub.push(source.subscription, body, headers=more)
        feed = daemon.feeds()[source.id]
        r.row(f"a push of {what}", f"{said.status}, the feed is {feed['health']}", said.status != 503 and said.status
              and feed["health"] == "fine" and not feed["failures"] and "error" not in feed and items_of(daemon, source) == (known, []))
    packed = gzip.compress(source.grow())
    said = world.hub.push(source.subscription, packed, headers=["Content-Encoding: gzip"])
    if said.is_good:
        daemon.wait_items(source, source.items)
    r.row("a packed push: read, or refused in words", said.status, said.is_good or said.status == 415)
    # Behind its last item: an entry that broke off would count as one that has changed.
    world.hub.push(source.subscription, source.document(first=source.items).partition(b"</channel>")[0])
    daemon.poll_now(source.name)
    n, more = items_of(daemon, source)
    r.row("a push that broke off: nothing withdrawn", f"{n} items, {more}, {len(source.polls()) - polls} poll",
          n == source.items and not more and daemon.feeds()[source.id]["health"] == "fine")


def check_repeats(r, daemon, world, source):
    body = source.grow()
    answers = world.hub.push_all([(source.subscription, body, {}) for _ in range(20)])
    daemon.wait_items(source, source.items)
    good = sum(a.is_good for a in answers)
    time.sleep(0.3)
    said = world.hub.push(source.subscription, body)
    n, more = items_of(daemon, source)
    r.row("the same push twenty times at once, and replayed later: once", f"{good} taken, {said.status} later, {n} items",
          good >= 1 and said.is_good and n == source.items and not more)


def check_beside_poll(r, daemon, world, source):
    """A push while the feed is being polled: it waits its turn."""
    release, respond = threading.Event(), world.origin.scripts[source.path]

    async def held(x):
        while not release.is_set():
            await asyncio.sleep(0.02)
        return respond(x)
    world.origin.scripts[source.path] = held
    polls = len(source.polls())
    daemon.refresh(source.name)
    wire.wait_until("the poll to begin", lambda: len(source.polls()) > polls)
    pushed = world.hub.begin(world.hub.post(source.subscription, source.grow()))
    other = world.hub.begin(world.hub.post(source.subscription, source.grow()))
    time.sleep(0.5)
    release.set()
    said = [pushed.result(30), other.result(30)]
    world.origin.scripts[source.path] = respond
    daemon.wait_items(source, source.items)
    wire.wait_until("the poll's end", daemon.has_settled)
    n, more = items_of(daemon, source)
    r.row("two pushes during a poll that brings the same: once each", f"{[a.status for a in said]}, {n} items",
          all(a.is_good for a in said) and n == source.items and not more)


def check_requests(r, daemon, world, source):
    """What is no push and no question."""
    async def speak(method, url, lines=(), body=b""):
        return await world.hub.speak(method, url, lines, body, timeout=10)
    token = source.subscription.callback

    def said(method, url, *lines, body=b""):
        return world.hub.run(speak(method, url, lines, body)).status
    found = [said(m, token) for m in ("PUT", "DELETE", "OPTIONS", "PATCH", "BREW")]
    r.row("other methods: 405", found, set(found) <= {405, 501, 400})
    origin = token.split("/websub/")[0]
    paths = ["/", "/websub", "/websub/", "/websub/../websub/x", "/status", "/metrics", "/v1/feeds", "/websub/%00", "/websub/" + "a" * 5000]
    found = [said("GET", origin + p) for p in paths]
    r.row("other paths: 404", found, all(s in (404, 400, 414) for s in found))
    found = [said("POST", origin + p) for p in ("/websub/" + "A" * 22, "/websub", "/")]
    r.row("a push to nobody: 410", found, found[0] == 410 and set(found) <= {404, 410, 405})
    found = [said("GET", token, *[f"X-{n}: {'y' * 1000}" for n in range(500)]), said("GET", token, "X: " + "y" * 200000),
             said("GET", token + "?" + "hub.topic=a&" * 20000)]
    r.row("heads beyond measure", found, all(s in (0, 400, 404, 413, 414, 431) for s in found))
    port = int(token.split("/")[2].split(":")[1])
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 1000, b"GET\r\n\r\n", b"POST /websub/a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                  b"POST /websub/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(noise)
    r.row("noise: the daemon goes on", said("GET", token), said("GET", token) == 404)


def test_bodies(world):
    sources = sized, odd, repeated, polled, served = [world.source(n) for n in ("sized", "odd", "repeated", "beside", "served")]
    r = Rows()
    with wire.folder() as work, Daemon(world, work, sources) as daemon:
        daemon.wait_active(*sources)
        for source in sources:
            daemon.wait_items(source, source.items)
        slow = Slow(world, served)
        check_sizes(r, daemon, world, sized)
        check_contents(r, daemon, world, odd)
        check_repeats(r, daemon, world, repeated)
        check_beside_poll(r, daemon, world, polled)
        check_requests(r, daemon, world, served)
        said = served.push()
        daemon.wait_items(served, served.items)
        r.row("beside all those: an ordinary push", said.status, said.is_good)
        check_flood(r, daemon, world, sources)
        slow.check(r)
    r.judge()


# ---- many ----

def check_flood(r, daemon, world, sources):
    """Hundreds at once, forged and true ones, of a mebibyte each; every hub comes again until it is heard."""
    before = descriptors(daemon)
    padding = f"<description>{'Lorem ipsum. ' * 80000}</description>"
    forged, pushes = b"<rss>" + b"x" * MIB, []
    for n in range(FLOOD):
        pushes.append((sources[n % len(sources)].subscription, forged, {"sign": "sha256=" + "0" * 64}))
    for source in sources:
        source.extra = padding
        source.grow()
    delivering = [world.hub.begin(world.hub.distribute(s.topic, s.document(), KINDS["rss"])) for s in sources]
    statuses = [a.status for a in world.hub.push_all(pushes)]
    delivered = [d.result(120)[0] for d in delivering]
    for source in sources:
        source.extra = ""
        daemon.wait_items(source, source.items)
    counts = {s: statuses.count(s) for s in sorted(set(statuses))}
    r.row(f"{FLOOD} forged pushes at once beside {len(sources)} true ones", f"{counts}, true ones at try {[d.nth for d in delivered]}, "
          f"{peak_mib(daemon):.0f} MiB at most", all(d.answer.is_good for d in delivered) and peak_mib(daemon) < MEMORY_MAX_MIB)
    found = [items_of(daemon, s) for s in sources]
    r.row("… of which nothing is told", [n for n, _ in found], found == [(s.items, []) for s in sources])
    assert daemon.get("/healthz")[0] == 200
    wire.wait_until(f"descriptors to be given back ({before}, {descriptors(daemon)})", lambda: descriptors(daemon) <= before + 5, 20)


if __name__ == "__main__":
    run(test_bodies, test_killed, test_durable)
