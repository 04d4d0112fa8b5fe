#!/usr/bin/python3
"""How polite the daemon is: a fortnight of the real daemon with a turned clock, against an origin that logs each request. One row
for each rule, with what the log shows for it. The daemon's clocks are turned by a preloaded clock_gettime() (clock.c), but for the
monotonic one, by which connections time out."""
import email.utils
import itertools
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from origin.moods import answer, document  # noqa: E402
from origin.server import Origin  # noqa: E402
from turned import Clock, Turned, seconds  # noqa: E402

PORT = 8000
DAYS = int(os.environ.get("CIVICWIRE_POLITE_DAYS", "14"))
HOUR, DAY = 3600, 86400
# Between two looks at the clock: what is due in between is asked together.
STEP = 45 * 60


# ---- the feeds ----

class Feeds:
    """Each at a host of its own unless said otherwise; `answers` are the origin's."""

    def __init__(self, origin, clock):
        self.origin, self.clock, self.configured, self.start = origin, clock, {}, clock.now()

    def add(self, name, respond, *lines, host=None, path=None):
        number = len(self.configured)
        host = host or f"127.4.{number}.1"
        path = path or f"/{name}"
        allowed = "allow_net: ['127.0.0.0/8', '10.7.0.0/16', '::1/128']"
        own = lines if any(line.startswith("interval:") for line in lines) else ("interval: 1h", *lines)
        self.configured[name] = (f"http://{host}:{PORT}{path}", [allowed, *own])
        self.origin.scripts[path] = respond

    def age(self):
        return self.clock.now() - self.start


def fresh(x, body, *headers):
    """As a good server answers: 304 to what it knows."""
    etag = '"%x"' % (hash(body) & 0xffffffff)
    if etag in x.request.all("if-none-match"):
        return answer("304 Not Modified", b"", "ETag: " + etag, *headers)
    return answer("200 OK", body, "Content-Type: application/rss+xml", "ETag: " + etag, *headers)


def with_element(text):
    return lambda x: fresh(x, document(x.request.path).replace(b"<item>", text.encode() + b"<item>", 1))


def by_date(x):
    date = "Tue, 03 Nov 2026 10:00:00 GMT"
    if date in x.request.all("if-modified-since"):
        return answer("304 Not Modified")
    return answer("200 OK", document(x.request.path), "Last-Modified: " + date)


def stuck(x):
    """A cluster whose members each have their own ETag."""
    return answer("200 OK", document(x.request.path), 'ETag: "%d"' % len(x.origin.requests),
                  "Last-Modified: Tue, 03 Nov 2026 10:00:00 GMT")


def declare(feeds):
    """All feeds of the fortnight."""
    clock, add = feeds.clock, feeds.add
    limits = {}

    def after(first, respond):
        """Healthy at first; from the `first` second of the fortnight on, as said."""
        return lambda x: respond(x) if feeds.age() >= first else fresh(x, document(x.request.path))

    def once_a_day(status, header):
        """Busy at each first request of a day, and then until it says."""
        def respond(x):
            host = x.request.host
            if limits.get(host, 0) <= clock.now() - DAY:
                limits[host] = clock.now()
                return answer(status, b"", "Retry-After: " + header(), "Cache-Control: no-store")
            return fresh(x, document(x.request.path))
        return respond

    def news(x):
        """Twice a day for five days, then nothing."""
        return fresh(x, document(x.request.path, 1 + int(min(feeds.age(), 5 * DAY) // (12 * HOUR))))

    add("plain", lambda x: fresh(x, document(x.request.path), "Set-Cookie: id=1; Path=/"))
    add("query", lambda x: fresh(x, document(x.request.path)), path="/query?a=1&b=%C3%A9&feed=rss2")
    add("six", lambda x: fresh(x, document(x.request.path)), host="[::1]")
    add("dated", by_date)
    add("bare", lambda x: answer("200 OK", document(x.request.path)))
    add("stuck", stuck)
    add("often", lambda x: fresh(x, document(x.request.path)), "interval: 15min")
    add("max-age", lambda x: fresh(x, document(x.request.path), "Cache-Control: max-age=9000", "Age: 1800"))
    add("expires", lambda x: fresh(x, document(x.request.path), "Date: " + email.utils.formatdate(clock.now(), usegmt=True),
                                   "Expires: " + email.utils.formatdate(clock.now() + 3 * HOUR, usegmt=True)))
    add("ttl", with_element("<ttl>240</ttl>"))
    add("month", with_element("<ttl>44640</ttl>"))
    add("sy", with_element('<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
                           '<sy:updateFrequency xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">2</sy:updateFrequency>'))
    add("ignored", with_element("<ttl>240</ttl>"), "ignore_hints: true")
    add("nights", with_element("<skipHours>" + "".join(f"<hour>{h}</hour>" for h in range(6)) + "</skipHours>"))
    add("sundays", with_element("<skipDays><day>Sunday</day></skipDays>"))
    add("adaptive", news, "adaptive: true", "interval_max: 12h")
    add("quiet", news)
    for n in range(2):
        add(f"limited{n}", once_a_day("429 Too Many Requests", lambda: "7321"), "interval: 2h", host="127.5.1.1")
    add("busy", once_a_day("503 Service Unavailable", lambda: email.utils.formatdate(clock.now() + 7321, usegmt=True)), "interval: 2h")
    add("broken", after(DAY, lambda x: answer("500 Internal Server Error")))
    add("mends", lambda x: answer("502 Bad Gateway") if DAY < feeds.age() < 2 * DAY else fresh(x, document(x.request.path)))
    add("gone", after(DAY, lambda x: answer("410 Gone")))
    add("moved", after(DAY, lambda x: answer("301 Moved Permanently", b"", f"Location: http://127.6.1.1:{PORT}/moved-here")))
    feeds.origin.scripts["/moved-here"] = lambda x: fresh(x, document("/moved"))
    add("parked", after(DAY, lambda x: answer("301 Moved Permanently", b"", f"Location: http://127.6.1.1:{PORT}/parked-page")))
    feeds.origin.scripts["/parked-page"] = lambda x: answer("200 OK", document(f"/stranger/{int(feeds.age() // HOUR)}"))
    add("detour", after(DAY, lambda x: answer("302 Found", b"", f"Location: http://127.6.1.1:{PORT}/detour-here")))
    feeds.origin.scripts["/detour-here"] = lambda x: fresh(x, document("/detour"))
    for n in range(4):
        add(f"together{n}", lambda x: fresh(x, document(x.request.path)), "interval: 3h", host="127.5.2.1")
    # The islands of an outage: six hosts that the network loses for a night, and that close their connections.
    for n in range(6):
        add(f"far{n}", lambda x: fresh(x, document(x.request.path), "Connection: close"), host=f"10.7.{n}.1")


# ---- the fortnight ----

def run(daemon, origin, clock, until, on_step):
    """Turns the clock until then. Whatever is due is polled before it is turned on."""
    pause, idle_s = 1.001, 0
    while clock.now() < until:
        on_step()
        asked = len(origin.requests)
        daemon.poke()

        def idle():
            feeds = daemon.feeds()
            if any(f["polling"] for f in feeds.values()) or "last_poll" not in feeds[wire.feed_id("poke")]:
                return None
            del feeds[wire.feed_id("poke")]
            return [seconds(f["next_due"]) if "next_due" in f else clock.now() for f in feeds.values()]
        due = wire.wait_until("the polls to end", idle, step=0.002)
        behind = any(d <= clock.now() for d in due)
        # A feed in its host's queue: the host's pause is over in a second, or, where it has asked for one, later.
        pause = 1.001 if len(origin.requests) > asked else min(2 * pause, STEP)
        idle_s = 0 if len(origin.requests) > asked else idle_s + pause
        assert idle_s < DAY, "nobody is asked any more, though feeds are due"
        first = min((d for d in due if d > clock.now()), default=until)
        # Not over the stroke of an hour, which some ask not to be woken in.
        together = max(first, min(first + STEP, first // HOUR * HOUR + HOUR - 20))
        clock.turn_to(min(until, together, clock.now() + pause if behind else until))


class Outage:
    """For six hours of the eighth day there is no way to any host but the one at ::1."""

    FROM, TO = 7.2 * DAY, 7.45 * DAY

    def __init__(self, feeds):
        self.feeds, self.on = feeds, False
        self.nets = ["10.7.0.0/16", "127.4.0.0/16", "127.5.0.0/16", "127.6.0.0/16"]

    def step(self):
        want = self.FROM <= self.feeds.age() < self.TO
        if want != self.on:
            # Over connections that are there requests would wait for answers as long as the daemon is patient.
            self.feeds.origin.drop_connections()
            time.sleep(0.1)
            for net in self.nets:
                island.run("ip", "route", "add" if want else "del", "unreachable", net, "table", "local")
            self.on = want


# ---- the report ----

class Report:
    def __init__(self, origin, events, feeds, log):
        self.origin, self.events, self.feeds, self.log, self.bad = origin, events, feeds, log, []

    def at(self, path):
        return [r for r in self.origin.requests if r.path == path]

    def gaps(self, path, since=0):
        """Between requests, from `since` of the fortnight on; but for those that the outage made longer."""
        def is_calm(a, b):
            return a.time - self.feeds.start >= Outage.TO or b.time - self.feeds.start <= Outage.FROM
        times = [r for r in self.at(path) if r.time - self.feeds.start >= since]
        return [b.time - a.time for a, b in itertools.pairwise(times) if is_calm(a, b)]

    def told(self, name, kind):
        return [e for e in self.events if e["cwfeed"] == wire.feed_id(name) and e["type"] == f"org.civicwire.feed.{kind}.v1"]

    def row(self, rule, evidence, holds):
        print(f"  {'yes' if holds else 'NO ':<4} {rule:<62} {evidence}", flush=True)
        if not holds:
            self.bad.append(rule)

    def least(self, rule, path, seconds):
        found = self.gaps(path)
        self.row(rule, f"{len(found) + 1} requests, at least {min(found):.0f} s apart ({seconds} s wanted)", min(found) >= seconds)


def conditions(requests):
    """(both, ETag only, date only, none)"""
    kinds = [(bool(r.all("if-none-match")), bool(r.all("if-modified-since"))) for r in requests]
    return tuple(kinds.count(k) for k in ((True, True), (True, False), (False, True), (False, False)))


def report_requests(r):
    every = r.origin.requests
    names = {n for q in every for n, _ in q.headers}
    r.row("no cookies, though one was set; no referrer", f"{len(every)} requests, headers: {', '.join(sorted(names))}",
          not names & {"cookie", "referer"})
    r.row("User-Agent with a contact; gzip, br, zstd", f"{every[0].header('user-agent')}; {every[0].header('accept-encoding')}",
          all(q.header("user-agent") == every[0].header("user-agent") for q in every)
          and {"gzip", "br", "zstd"} <= set(re.split(r", ?", every[0].header("accept-encoding"))))
    wanted = {u.split("/", 3)[3] for u, _ in r.feeds.configured.values()} | {"moved-here", "parked-page", "detour-here"}
    r.row("GET of the configured URL, no query added or changed", f"{len({q.path for q in every})} paths, {{GET}}",
          {q.path[1:] for q in every} <= wanted and all(q.line.startswith("GET ") for q in every))
    families = [sum(q.connection.family == f for q in every) for f in (4, 6)]
    r.row("IPv4 and IPv6", f"{families[0]} and {families[1]} requests", all(families))
    used = sum(q.nth > 1 for q in r.at("/limited0"))
    r.row("connections are used again", f"{sum(q.nth > 1 for q in every)} requests on one that was there", used > 0)


def report_conditional(r):
    weeks = DAYS // 7
    both, etag, date, none = conditions(r.at("/plain"))
    r.row("ETag: sent back as it came; the whole once a week at most", f"{etag} conditional, {none} unconditional",
          both == date == 0 and 1 <= none <= 1 + weeks and etag > 20 * none)
    both, etag, date, none = conditions(r.at("/dated"))
    r.row("Last-Modified alone: likewise", f"{date} conditional, {none} unconditional", both == etag == 0 and none <= 1 + weeks)
    both, etag, date, none = conditions(r.at("/bare"))
    r.row("no validators: none made up", f"{none} unconditional", both == etag == date == 0)
    both, etag, date, none = conditions(r.at("/stuck"))
    r.row("the same body to each condition: by date, from the first time on", f"{both} with the ETag, {date} by date, {none} unconditional",
          1 <= both <= 1 + weeks and etag == 0 and date > 100 and none <= 1 + weeks)


def report_when(r):
    r.least("interval 1 h: never earlier", "/plain", HOUR)
    r.least("interval 15 min", "/often", 15 * 60)
    r.least("Cache-Control: max-age − Age", "/max-age", 7200)
    r.least("Expires", "/expires", 3 * HOUR)
    r.least("ttl 240", "/ttl", 4 * HOUR)
    r.least("sy:updatePeriod daily, sy:updateFrequency 2", "/sy", 12 * HOUR)
    gaps = r.gaps("/month")
    r.row("ttl of a month: a day", f"{len(gaps) + 1} requests, {min(gaps):.0f} to {max(gaps):.0f} s apart",
          min(gaps) >= DAY and max(gaps) <= 1.1 * DAY + STEP + 60)
    r.row("ignore_hints", f"{len(r.at('/ignored'))} requests", len(r.at("/ignored")) > 2 * len(r.at("/ttl")))
    # A request that was due at the end of an hour may be on its way at its stroke.
    late = 5
    hours = sorted({time.gmtime(q.time).tm_hour for q in r.at("/nights")[1:] if q.time % DAY > late})
    r.row("skipHours 0 to 5, GMT", f"asked in hours {hours[0]} to {hours[-1]}", not set(hours) & set(range(6)))
    days = {time.gmtime(q.time).tm_wday for q in r.at("/sundays")[1:] if q.time % DAY > late}
    r.row("skipDays Sunday, GMT", f"asked on {len(days)} days of the week", days == set(range(6)))
    gaps = r.gaps("/adaptive")
    r.row("adaptive: between 1 h and 12 h, slower in silence", f"{min(gaps) / HOUR:.1f} h to {max(gaps) / HOUR:.1f} h",
          min(gaps) >= HOUR and 10 * HOUR < max(gaps) <= 13.2 * HOUR + STEP + 60 and len(gaps) < len(r.gaps("/quiet")) / 2)


def report_host(r, host, rule):
    mine = [q for q in r.origin.requests if q.host == f"{host}:{PORT}"]
    gaps = [b.time - a.time for a, b in itertools.pairwise(mine)]
    connections = len({q.connection.number for q in mine})
    r.row(rule, f"{len(mine)} requests, at least {min(gaps):.3f} s apart, {connections} connections in all", min(gaps) >= 1)


def report_busy(r):
    mine = [q for q in r.origin.requests if q.host == f"127.5.1.1:{PORT}"]
    waits = [b.time - a.time for a, b in itertools.pairwise(mine) if a.time in r.origin.memory["refused"]]
    r.row("429 Retry-After: 7321: nobody asks that host before", f"{len(waits)} times, {min(waits):.1f} s at the earliest",
          len(waits) >= DAYS - 1 and min(waits) >= 7321)
    mine = r.at("/busy")
    waits = [b.time - a.time for a, b in itertools.pairwise(mine) if a.time in r.origin.memory["refused"]]
    r.row("503 Retry-After: a date", f"{len(waits)} times, {min(waits):.1f} s at the earliest",
          len(waits) >= DAYS - 1 and min(waits) >= 7320)
    gaps = r.gaps("/broken", DAY)
    doubles = all(g >= min(2 ** n, 24) * HOUR for n, g in enumerate(gaps)) and max(gaps) <= 1.1 * DAY + STEP + 60
    r.row("errors double the wait, up to a day", " ".join(f"{g / HOUR:.1f}" for g in gaps[:8]) + " … h", doubles)
    r.row("feed.failing once, and no recovery", f"{len(r.told('broken', 'failing'))} told",
          len(r.told("broken", "failing")) == 1 and not r.told("broken", "recovered"))
    r.row("feed.failing, feed.recovered", f"{len(r.told('mends', 'failing'))} and {len(r.told('mends', 'recovered'))} told",
          len(r.told("mends", "failing")) == len(r.told("mends", "recovered")) == 1)


def report_fate(r):
    late = [q for q in r.at("/gone") if q.time - r.feeds.start >= DAY]
    apart = late[1].time - late[0].time
    r.row("410 twice, an hour apart: feed.gone; then once a month", f"{len(late)} requests, {apart:.0f} s apart; "
          f"{len(r.told('gone', 'gone'))} told", len(late) == 2 and apart >= HOUR and len(r.told("gone", "gone")) == 1)
    old = [q for q in r.at("/moved") if q.time - r.feeds.start >= DAY]
    lasted = old[-1].time - old[0].time
    r.row("301: believed after three polls over a day, told once", f"{len(old)} by the old address in {lasted / HOUR:.1f} h, "
          f"{len(r.at('/moved-here'))} at the new one; {len(r.told('moved', 'moved'))} told",
          len(old) >= 3 and DAY <= lasted < 1.2 * DAY and len(r.told("moved", "moved")) == 1)
    r.row("301 to what serves no known item: never", f"{len(r.at('/parked'))} by the old address; "
          f"{len(r.told('parked', 'moved'))} told", not r.told("parked", "moved") and len(r.at("/parked")) > 200)
    r.row("302: never kept", f"{len(r.at('/detour'))} by the old address", len(r.at("/detour")) > 200 and not r.told("detour", "moved"))
    # Five hosts must fail before it is seen that all do; what fails before that may be told of.
    lost = set(r.feeds.configured) - {"six", "broken", "mends", "gone", "busy", "limited0", "limited1"}
    told = sum(len(r.told(n, "failing")) for n in lost)
    noticed = r.log.count("most hosts cannot be reached, so")
    r.row("most hosts unreachable for six hours: not told as each one's failure", f"{told} of {len(lost)} told, noticed {noticed} times",
          told <= 4 and noticed)
    quiet = r.told("quiet", "quiet")
    r.row("feed.quiet: news twice a day, then none", f"{len(quiet)} told", len(quiet) == 1 and not r.told("plain", "quiet"))


def remember_refusals(origin):
    """When the host said that it is busy: the times of those requests."""
    refused = origin.memory["refused"] = set()

    def wrap(respond):
        def wrapped(x):
            result = respond(x)
            if result.startswith((b"HTTP/1.1 429", b"HTTP/1.1 503")):
                refused.add(x.request.time)
            return result
        return wrapped
    for path in list(origin.scripts):
        origin.scripts[path] = wrap(origin.scripts[path])


def test_fortnight():
    with wire.folder() as work, Origin() as origin:
        clock = Clock(work)
        origin.clock = clock.now
        origin.listen("0.0.0.0", PORT)
        origin.listen("::", PORT)
        feeds = Feeds(origin, clock)
        declare(feeds)
        remember_refusals(origin)
        poke = work / "poke.xml"
        poke.write_bytes(document("/poke"))
        configured = feeds.configured | {"poke": (f"file://{poke}", ["interval: 31d"])}
        settings = "contact: https://wire.example.org/about\nfetch: { allow_file: true }\nhosts: []\n"
        outage = Outage(feeds)
        with Turned(clock, work, configured, "1h", settings) as daemon:
            clock.turn_to(clock.now() + 1)
            told = seconds(daemon.status()["now"])
            assert abs(told - clock.now()) < 0.9, "the daemon's clock is not turned"
            began = time.monotonic()
            run(daemon, origin, clock, feeds.start + DAYS * DAY, outage.step)
            took = time.monotonic() - began
            after = daemon.feeds()
            events, _ = wire.Replay(daemon.replay).all(topics=["sys/feed/"])
            r = Report(origin, events, feeds, daemon.log_path.read_text())
            print(f"  {DAYS} days in {took:.1f} s: {len(configured)} feeds, {len(origin.requests)} requests")
            report_requests(r)
            report_conditional(r)
            report_when(r)
            report_host(r, "127.5.2.1", "four feeds of one host: one at a time, a second between")
            report_busy(r)
            report_fate(r)
            frozen = [f"far{n}" for n in range(6) if after[wire.feed_id(f"far{n}")]["failures"]]
            r.row("… and afterwards all is as before", f"{len(frozen)} with failures", not frozen)
            check_revival(r, daemon, origin)
            check_restart(r, daemon, origin, clock)
        assert not r.bad, r.bad


def check_revival(r, daemon, origin):
    origin.scripts["/gone"] = lambda x: fresh(x, document("/gone"))
    feed, = daemon.poll_now("gone")
    r.row("refresh revives what was gone", feed["health"], feed["health"] == "fine")


def check_restart(r, daemon, origin, clock):
    """What is known survives: validators, the new address, and when to ask next."""
    def due():
        return {i: seconds(f["next_due"]) for i, f in daemon.feeds().items() if i != wire.feed_id("poke")}
    before = due()
    n = len(origin.requests)
    daemon.stop()
    daemon.start().wait_ready()
    after = due()
    # What comes due within these seconds is asked.
    waiting = [i for i in before if before[i] > clock.now()]
    asked = {wire.feed_id(q.path[1:]) for q in origin.requests[n:]}
    r.row("a restart asks nobody before it is due", f"{len(waiting)} wait on, {len(asked)} were due",
          not asked & set(waiting) and all(abs(after[i] - before[i]) < 1 for i in waiting))
    old = len(r.at("/moved"))
    daemon.poll_now("moved", "plain")
    last = r.at("/plain")[-1]
    r.row("a restart keeps validators and addresses", f"If-None-Match: {last.header('if-none-match')}",
          bool(last.header("if-none-match")) and len(r.at("/moved")) == old)


if __name__ == "__main__":
    wire.main([test_fortnight])
