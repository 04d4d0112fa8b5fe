"""The servers, the feeds that are on them, and a daemon that lives with them."""
import contextlib
import email.utils

import wire
from origin.moods import answer, document
from origin.server import Origin
from turned import StandingClock, Turned, seconds

from .simulation import Simulation

START = seconds("2026-11-02T00:00:00Z")  # a Monday
PORT = 8000
CONTACT = "https://wire.example.org/about"
ALLOWED = "allow_net: ['127.0.0.0/8', '10.7.0.0/16', '::1/128']"


# ---- answers ----

def fresh(x, body=None, *headers):
    """As a good server answers: 304 to what it knows."""
    body = body or document(x.request.path)
    etag = '"%x"' % (hash(body) & 0xffffffff)
    if etag in x.request.all("if-none-match"):
        return answer("304 Not Modified", b"", "ETag: " + etag, *headers)
    return answer("200 OK", body, "Content-Type: application/rss+xml", "ETag: " + etag, *headers)


def with_element(text):
    return lambda x: fresh(x, document(x.request.path).replace(b"<item>", text.encode() + b"<item>", 1))


def in_turn(*answers):
    """The first request gets the first answer, and so on; the last one goes on. Each is bytes, or a function of the exchange."""
    def respond(x):
        nth = min(len(x.origin.requests_for(x.request.path)), len(answers))
        return answers[nth - 1](x) if callable(answers[nth - 1]) else answers[nth - 1]
    return respond


def http_date(moment):
    return email.utils.formatdate(moment, usegmt=True)


# ---- feeds ----

class Feeds:
    """Each at a host of its own unless said otherwise; what answers it is one of the origin's scripts."""

    def __init__(self, origin, clock, work):
        self.origin, self.clock, self.work, self.start = origin, clock, work, clock.now()
        self.configured, self.watched, self.late = {}, set(), set()
        self.held = {}  # host: until when it has asked not to be asked
        self.leads = {}  # host: the one that it redirects to
        self.refused = {}  # path: the times at which it was busy, each with the wait that it asked for
        self.marks = {}  # what was done to the daemon, and when

    def add(self, name, respond, *lines, host=None, path=None, url=None, watched=False, late=False, allowed=ALLOWED):
        number = len(self.configured)
        path = path or f"/{name}"
        own = lines if any(line.startswith("interval:") for line in lines) else ("interval: 1h", *lines)
        self.configured[name] = (url or f"http://{host or f'127.4.{number}.1'}:{PORT}{path}", [*([allowed] if allowed else []), *own])
        if respond:
            self.origin.scripts[path] = respond
        if watched:
            self.watched.add(name)
        if late:
            self.late.add(name)

    def serve(self, path, respond):
        """What redirects lead to."""
        self.origin.scripts[path] = respond

    def age(self):
        return self.clock.now() - self.start

    def after(self, first, respond):
        """Healthy at first; from that second of the fortnight on, as said."""
        return lambda x: respond(x) if self.age() >= first else fresh(x)

    def busy(self, x, status, wait, retry, *headers):
        """A refusal; `wait` in seconds, `retry`: how it is said."""
        self.refused.setdefault(x.request.path, []).append((x.request.time, wait))
        if status.startswith("429"):
            self.held[x.request.host] = int(self.clock.now()) + wait if "," in retry else self.clock.now() + wait
        return answer(status, b"", "Retry-After: " + retry, *headers)


@contextlib.contextmanager
def world():
    """Every address is a server of ours; feeds are still to be added."""
    with wire.folder() as work, Origin() as origin:
        clock = StandingClock(work, START)
        origin.clock = clock.now
        origin.listen("0.0.0.0", PORT)
        origin.listen("::", PORT)
        yield Feeds(origin, clock, work)


@contextlib.contextmanager
def live(feeds, settings=""):
    """The daemon that polls them, and its time."""
    poke = feeds.work / "poke.xml"
    poke.write_bytes(document("/poke"))
    configured = feeds.configured | {"poke": (f"file://{poke}", ["interval: 31d"])}
    settings = f"contact: {CONTACT}\nfetch: {{ allow_file: true }}\n{settings or 'hosts: []'}\n"
    with Turned(feeds.clock, feeds.work, configured, "1h", settings) as daemon:
        yield Simulation(daemon, feeds.origin, feeds.clock, feeds.held, feeds.watched, feeds.late, feeds.leads)
