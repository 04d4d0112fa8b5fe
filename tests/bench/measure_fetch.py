"""What polling costs: the real daemon over a real nginx that is 200 hosts, beside its peers over the same nginx, in turns within
one run: wrk, which is as fast as anybody can ask; bare libcurl on epoll, which keeps nothing (the yardstick); and the readers
that somebody would otherwise run.

A 304 is measured in windows, while more feeds are due than can be polled, on connections that are there: what is asked is
counted in nginx's log. What the daemon journals of it counts, and so does the bus. A first run is whole processes, from start to
the moment when all is durable. Rates depend on who else uses the machine; CPU does so less."""
import dataclasses
import json
import os
import re
import shutil
import statistics
import subprocess
import time

import generate_feeds
import peers
import rig
from polled import HOSTS, Hosts, Poller, confined_mounts
from rig import Row, say, wire

ROUNDS, QUICK_ROUNDS = 3, 1
WINDOW_S = 1.5
WRK_S_MAX = 16
FEEDS, FILE_BYTES, SEED = 1000, 20_000, 1
PARSED, FEW = 250, 100  # feeds for readers that need most of a minute for all: feedparser, the others
# Feeds of an interval of a second: twice what the yardstick has just asked in a second, so that some are always due.
DUE_AGAIN, DUE_AGAIN_MIN = 2, 4_000
HANDSHAKES, RESUMED = 600, 5  # as many more where they are resumed, but for one in fifteen
SMALL = "small.xml"  # a feed that is not the matter: what is asked of it is whether it has changed
SMALL_FEED = '<rss version="2.0"><channel><title>Small</title><item><guid>1</guid><title>One</title></item></channel></rss>'

RATE_GOAL = 0.8  # of the yardstick's
US_304_GOAL, US_200_GOAL, US_HANDSHAKE_GOAL = 60, 300, 2000
FEEDPARSER_GOAL = 40


@dataclasses.dataclass
class Found:
    """What was found of one subject, a figure for each round."""
    rates: list = dataclasses.field(default_factory=list)
    us: list = dataclasses.field(default_factory=list)  # CPU of a request

    def add(self, name, requests, seconds, cpu_s):
        self.rates.append(requests / seconds)
        self.us.append(cpu_s * 1e6 / requests)
        say(f"fetch, {name}: {requests:,} in {seconds:.2f} s: {self.rates[-1]:,.0f}/s, {self.us[-1]:,.0f} µs of CPU each "
            f"(load {os.getloadavg()[0]:.1f})")


class Bench:
    def __init__(self, options, work, hosts, names):
        self.options, self.work, self.hosts, self.names = options, work, hosts, names
        self.window_s = options.pick(WINDOW_S, 0.5)
        self.found, self.runs, self.loads = {}, 0, []

    def add(self, name, requests, seconds, cpu_s):
        self.found.setdefault(name, Found()).add(name, requests, seconds, cpu_s)
        self.loads.append(os.getloadavg()[0])

    def condition(self):
        """The request header that makes nginx answer 304 for the first file."""
        stat = (self.hosts.root / self.names[0]).stat()
        return f'If-None-Match: "{int(stat.st_mtime):x}-{stat.st_size:x}"'

    # ---- the yardstick, and the bound ----

    def bare(self, scheme, status):
        port = self.hosts.port if scheme == "http" else self.hosts.tls
        urls = self.hosts.urls(HOSTS, self.names[:1], port)
        header = [self.condition()] if status == 304 else []
        run = subprocess.run([rig.PROGRAMS / "bench-fetch", str(self.window_s * 1000), self.hosts.trusted, *header],
                             input="\n".join(urls), text=True, stdout=subprocess.PIPE, check=True)
        got = json.loads(run.stdout)
        requests = got["ok" if status == 200 else "not_modified"]
        assert requests and not got["failed"] + got["other"] + got["not_modified" if status == 200 else "ok"], got
        self.add(f"bare libcurl, {scheme} {status}", requests, got["seconds"], got["cpu_s"])

    def wrk(self, status):
        """On a busy machine it may be over before it has asked for anything: then it gets longer."""
        header = ["-H", self.condition()] if status == 304 else []
        duration_s, requests = max(1, round(self.window_s)), 0
        while not requests:
            before = os.times()
            run = subprocess.run(["wrk", "-t1", f"-c{HOSTS}", f"-d{duration_s}s", *header,
                                  self.hosts.urls(1, self.names)[0]], text=True, stdout=subprocess.PIPE, check=True)
            after = os.times()
            assert "Non-2xx" not in run.stdout or status == 304, run.stdout
            requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout).groups()
            requests = int(requests)
            assert requests or duration_s < WRK_S_MAX, run.stdout
            duration_s *= 2
        cpu_s = sum(after[2:4]) - sum(before[2:4])
        self.add(f"wrk, http {status}", requests, float(seconds), cpu_s)

    # ---- ours ----

    def poller(self, urls, interval):
        self.runs += 1
        folder = self.work / f"run-{self.runs}"
        folder.mkdir()
        return Poller(folder, self.hosts, urls, interval)

    def first_run(self, name, urls):
        """Every feed for the first time. The time is that of the replies, by nginx's log; the CPU all that was spent."""
        d, mark = self.poller(urls, "6h"), self.hosts.mark()
        d.start()
        try:
            cpu_s = d.wait_swept()
        finally:
            d.stop()
        replies = self.hosts.since(mark)
        assert len(replies) == len(urls) and all(status == 200 for _, status, _ in replies), len(replies)
        times = [at for at, _, _ in replies]
        self.add(name, len(urls), max(times) - min(times), cpu_s)
        shutil.rmtree(d.work)
        return cpu_s

    def unchanged(self, scheme):
        """Feeds that are due again before they can all be polled, and have not changed."""
        n = max(DUE_AGAIN_MIN, round(DUE_AGAIN * self.found[f"bare libcurl, {scheme} 304"].rates[-1]))
        d = self.poller(self.hosts.urls(n, [SMALL], self.hosts.port if scheme == "http" else self.hosts.tls), "1s")
        mark = self.hosts.mark()
        d.start()
        try:
            d.wait_swept()
            time.sleep(0.5)
            meter = rig.Meter(daemon=d.process.pid, bus=rig.bus_pid(d))
            meter.start()
            begin = time.time()
            time.sleep(self.window_s)
            meter.stop()
            end = time.time()
            replies = [r for r in self.hosts.since(mark) if begin <= r[0] < end]
        finally:
            d.stop()
        assert replies and all(status == 304 for _, status, _ in replies), len(replies)
        self.add(f"civicwire, {scheme} 304", len(replies), end - begin, sum(meter.spent.values()))
        if len(replies) / (end - begin) > 0.9 * n:
            say(f"fetch: {n:,} feeds do not keep it busy: it could have polled more")
        shutil.rmtree(d.work)

    # ---- those that somebody would otherwise run ----

    def reader(self, name, command, n, stdin=None, **more):
        mark, before, begin = self.hosts.mark(), os.times(), time.monotonic()
        subprocess.run(command, input=stdin, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **more)
        seconds, after = time.monotonic() - begin, os.times()
        ok = sum(status == 200 for _, status, _ in self.hosts.since(mark))
        assert ok >= n, f"{name} has fetched {ok} of {n} feeds"
        self.add(f"{name}, {n} feeds", n, seconds, sum(after[2:4]) - sum(before[2:4]))

    def feedparser(self, n):
        self.reader("feedparser, 16 threads", ["/usr/bin/python3", peers.HERE / "peer_feedparser_pool.py"], n,
                    "\n".join(self.hosts.urls(n, self.names)))

    def home(self):
        self.runs += 1
        home = self.work / f"home-{self.runs}"
        home.mkdir()
        return home

    def newsboat(self, n):
        home = self.home()
        (home / "urls").write_text("".join(f"{url}\n" for url in self.hosts.urls(n, self.names)))
        (home / "config").write_text("reload-threads 16\n")
        self.reader("newsboat -x reload", ["newsboat", "-u", home / "urls", "-c", home / "cache.db", "-C", home / "config",
                                           "-x", "reload"], n, env=dict(os.environ, HOME=str(home)))

    def sfeed_update(self, n):
        home = self.home()
        feeds = "".join(f"\tfeed f{i} '{url}'\n" for i, url in enumerate(self.hosts.urls(n, self.names)))
        (home / "sfeedrc").write_text(f"sfeedpath='{home}/feeds'\nmaxjobs=16\nfeeds() {{\n{feeds}}}\n")
        self.reader("sfeed_update", ["sfeed_update", home / "sfeedrc"], n, env=dict(os.environ, HOME=str(home)))


def installed():
    """Names of peers that are there; of the others it is said."""
    found = {program for program in ("wrk", "newsboat", "sfeed_update") if shutil.which(program)}
    if peers.feedparser()[0]:
        found.add("feedparser")
    for name in sorted({"wrk", "newsboat", "sfeed_update", "feedparser"} - found):
        say(f"fetch: skipped {name}: not installed")
    return found


def one_round(b, there, has_tls):
    """All subjects once, those that are compared beside each other."""
    few = b.options.pick(FEW, 20)
    for status in (200, 304):
        if "wrk" in there:
            b.wrk(status)
        b.bare("http", status)
    b.unchanged("http")
    b.bare("https", 200)
    b.bare("https", 304)
    if has_tls:
        b.unchanged("https")
        handshakes = b.options.pick(HANDSHAKES, HOSTS)
        b.first_run("civicwire, fresh TLS", b.hosts.urls(handshakes, [SMALL], b.hosts.fresh))
        # The first handshake with each host is a full one.
        b.first_run("civicwire, resumed TLS", b.hosts.urls(RESUMED * handshakes, [SMALL], b.hosts.known))
        b.first_run("civicwire, https 200, first run", b.hosts.urls(FEEDS, b.names, b.hosts.tls))
    b.first_run("civicwire, http 200, first run", b.hosts.urls(FEEDS, b.names))
    if "feedparser" in there:
        b.feedparser(b.options.pick(PARSED, few))
    if "newsboat" in there:
        b.newsboat(few)
    if "sfeed_update" in there:
        b.sfeed_update(few)


def ratios(a, b):
    return [x / y for x, y in zip(a, b)]


def rows_of(b):
    goals = {"civicwire, http 304": US_304_GOAL, "civicwire, http 200, first run": US_200_GOAL,
             "civicwire, fresh TLS": US_HANDSHAKE_GOAL}
    rows, found = [], b.found
    for name, f in found.items():
        # What is compared with the bare yardstick is the same request.
        bare = found.get("bare libcurl, " + re.sub(r"^[^,]*, |, first run", "", name))
        beside = "" if bare in (None, f) else f", {statistics.median(ratios(f.rates, bare.rates)):.2f} × the yardstick's"
        row = Row(f"{name}: CPU", "µs each", f.us, goals.get(name), False, 0)
        row.cost = f"{statistics.median(f.rates):,.0f} requests/s{beside}"
        rows.append(row)
    ours = found["civicwire, http 304"]
    rows.append(Row("304 polls ÷ the yardstick's, http", "times", ratios(ours.rates, found["bare libcurl, http 304"].rates),
                    RATE_GOAL, True, 2))
    rows[-1].notes.append("where the processors are shared, a program of several threads gets more of them than one of a single "
                          "thread, as the yardstick is: compare CPU, too")
    first = found["civicwire, http 200, first run"].us
    for name, f in found.items():
        if name.endswith(" feeds"):
            goal = FEEDPARSER_GOAL if name.startswith("feedparser") else None
            rows.append(Row(f"first run, CPU of {name} ÷ ours", "times", ratios(f.us, first), goal, True, 1))
    rows[0].notes.append(f"{HOSTS} hosts, one connection each; feeds of {FILE_BYTES / 1000:.0f} KB; load average from "
                         f"{min(b.loads):.1f} to {max(b.loads):.1f} on {os.cpu_count()} cores while this was measured")
    return rows


def measure(options):
    there, has_tls = installed(), bool(confined_mounts())
    if not has_tls:
        say("fetch: skipped civicwire over https: no mount namespace, so nothing trusts the hosts' certificate")
    with rig.folder() as work:
        root = work / "root"
        root.mkdir()
        names = [path.name for path in generate_feeds.write_files(root, SEED, FEEDS, FILE_BYTES)]
        (root / SMALL).write_text(SMALL_FEED)
        with Hosts(work, root) as hosts:
            b = Bench(options, work, hosts, names)
            for n in range(options.pick(ROUNDS, QUICK_ROUNDS)):
                say(f"fetch: round {n + 1}")
                one_round(b, there, has_tls)
    return rows_of(b)
