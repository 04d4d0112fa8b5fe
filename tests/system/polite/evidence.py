"""The feeds of the fortnight, and what the origin's log shows of them: a row for each rule."""
import email.utils
import itertools

import wire
from origin.moods import answer, document

from .simulation import DAY, HOUR

PORT = 8000
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


class Feeds:
    """Each at a host of its own unless said otherwise; what answers it is one of the origin's scripts."""

    def __init__(self, origin, clock, work):
        self.origin, self.clock, self.work, self.start = origin, clock, work, clock.now()
        self.configured, self.watched, self.late = {}, set(), set()
        self.held = {}  # host: until when it has asked not to be asked
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


# ---- evidence ----

def conditions(requests):
    """How many sent both validators, the ETag only, the date only, none."""
    kinds = [(bool(r.all("if-none-match")), bool(r.all("if-modified-since"))) for r in requests]
    return tuple(kinds.count(k) for k in ((True, True), (True, False), (False, True), (False, False)))


def span(seconds):
    """Least and most, in the unit that fits."""
    if not seconds:
        return "never"
    unit, name = next(((u, n) for u, n in ((DAY, "d"), (HOUR, "h")) if min(seconds) >= 10 * u), (1, "s"))
    return f"{min(seconds) / unit:.3f} to {max(seconds) / unit:.3f} {name}" if len(seconds) > 1 else f"{seconds[0] / unit:.3f} {name}"


class Report:
    def __init__(self):
        self.rows = []

    def look_at(self, feeds, origin, simulation, events=(), log=""):
        """What the rows from here on are about."""
        self.feeds, self.origin, self.simulation, self.events, self.log = feeds, origin, simulation, events, log
        return self

    def at(self, path, since=0, until=1e9):
        return [r for r in self.origin.requests if r.path == path and since <= r.time - self.feeds.start < until]

    def at_host(self, host):
        return [r for r in self.origin.requests if r.host == f"{host}:{PORT}"]

    def gaps(self, path, since=0, until=1e9):
        """Between requests; but for those over which there was no network."""
        start, (cut, mended) = self.feeds.start, self.feeds.marks.get("outage", (0, 0))
        return [b.time - a.time for a, b in itertools.pairwise(self.at(path, since, until))
                if b.time - start <= cut or a.time - start >= mended]

    def told(self, name, kind):
        return [e for e in self.events if e["cwfeed"] == wire.feed_id(name) and e["type"] == f"org.civicwire.{kind}.v1"]

    def row(self, rule, evidence, holds):
        self.rows.append((rule, evidence, bool(holds)))

    def watched(self, name, path):
        """Of those moments at which it was due and that it was looked at a second before: how many there were, and how many
        passed as they should."""
        times = [r.time for r in self.at(path)]
        start, (cut, mended) = self.feeds.start, self.feeds.marks.get("outage", (0, 0))
        looked = [due for due in self.simulation.looked.get(name, ())
                  if due <= self.simulation.clock.now() and not start + cut <= due <= start + mended]
        good = sum(1 for due in looked if not any(due - 1.1 <= t < due - 0.01 for t in times)
                   and any(due - 0.01 <= t <= due + 1.01 for t in times))
        return len(looked), good

    def due(self, rule, name, least, most=None, until=1e9):
        """Asked again after that long and up to a tenth more, to the second: nobody a second before it is due, and then at once."""
        gaps, most = self.gaps("/" + name, 0, until), most or 1.1 * least
        looked, good = self.watched(name, "/" + name)
        self.row(rule, f"{len(gaps) + 1} requests, {span(gaps)} apart ({span([least])} wanted, a tenth more allowed)"
                 + (f"; {looked} times looked a second before: nobody, and then at once" if looked else ""),
                 gaps and min(gaps) >= least and max(gaps) <= most + 0.01 and looked == good)

    # ---- the table ----

    def print(self):
        wide = max((len(rule) for rule, _, _ in self.rows), default=0)
        for rule, evidence, holds in self.rows:
            print(f"  {'yes' if holds else 'NO ':<4} {rule:<{wide}}  {evidence}", flush=True)

    def failed(self):
        return [rule for rule, _, holds in self.rows if not holds]
