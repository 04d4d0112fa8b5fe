"""A hundred thousand feeds that have not changed, polled once over, and then at the pace of a million an hour.

All are polled once and have their items in the journal. Then each has an interval of a second, so that all are due at any time: the
daemon polls as fast as it can, those first that have waited longest, and each is polled again before any is polled twice. Last they
get intervals such that 278 a second are due (10⁶ ÷ 3,600), spread evenly: how late do they begin then, and how busy is the daemon?"""
import math
import os
import time

import many
import rig
from rig import Origin, Row, folder, say

FEEDS, QUICK_FEEDS = 100_000, 10_000
FEEDS_A_HOST = 50
PARALLEL = 500
TEXT = 100
AN_HOUR = 1_000_000
PACE = AN_HOUR / 3600
# The shortest interval at the pace: the window ends before those feeds are due a second time.
PACE_FROM_S, QUICK_PACE_FROM_S = 100, 30
WINDOW_S, QUICK_WINDOW_S = 80, 20
PIECE_S = 10
LATE_GOAL_MS = 1000
CORE_GOAL = 25  # per cent of one core for a million polls an hour


class Sweep:
    def __init__(self, options, work, origin):
        self.n = options.pick(FEEDS, QUICK_FEEDS)
        self.window_s = options.pick(WINDOW_S, QUICK_WINDOW_S)
        self.pace_from_s = options.pick(PACE_FROM_S, QUICK_PACE_FROM_S)
        self.origin = origin
        self.urls = [f"http://{many.address(i // FEEDS_A_HOST)}:{origin.port}/{i}.xml" for i in range(self.n)]
        self.d = many.Many(work, [(url, 6 * 3600) for url in self.urls], f"parallel: {PARALLEL}, gap: 0s")
        self.rows = []

    def reload(self, intervals):
        self.d.reload(list(zip(self.urls, intervals)))

    def meter(self):
        return rig.Meter(daemon=self.d.process.pid, bus=rig.bus_pid(self.d), origin=self.origin.pid)

    def first(self):
        began = time.monotonic()
        self.origin.serve(1)
        self.d.start().wait_ready()
        meter = self.meter()
        meter.start()
        self.d.wait_all_polled()
        seconds = time.monotonic() - began
        meter.stop()
        assert self.d.status()["feeds"]["fine"] == self.n
        say(f"sweep: {self.n:,} feeds polled for the first time in {seconds:.1f} s ({meter.text()})")
        self.rows.append(Row(f"first run, {self.n:,} feeds, an item each", "s", [seconds], None, False, 1, meter.text()))
        self.origin.requests()

    def at_once(self):
        """From the first request after the reload until each feed has been asked again."""
        self.reload([1] * self.n)
        meter, seen, requests = self.meter(), set(), []
        meter.start()
        while len(seen) < self.n:
            time.sleep(0.2)
            got = self.origin.requests()
            requests += got
            seen.update(feed for feed, *_ in got)
        meter.stop()
        first = {}
        for feed, asked, _, status in requests:
            assert status == 304, (feed, status)
            first.setdefault(feed, asked)
        seconds = max(first.values()) - min(first.values())
        us = {name: 1e6 * spent / len(requests) for name, spent in meter.spent.items()}
        self.poll_us = us["daemon"] + us["bus"]
        resident = rig.memory_mib(self.d.process.pid)[0]
        costs = ", ".join(f"{name} {value:.0f}" for name, value in us.items())
        say(f"sweep: again in {seconds:.1f} s: {self.n / seconds:,.0f}/s, CPU µs per poll: {costs}")
        self.rows += [
            Row(f"sweep of {self.n:,} unchanged feeds, all due", "s", [seconds], None, False, 1,
                f"{self.n / seconds:,.0f} polls/s; {len(requests):,} polls until each had been asked"),
            Row("CPU of a poll, daemon and bus", "µs", [self.poll_us], None, False, 0, f"µs each: {costs}"),
            Row(f"resident, {self.n:,} feeds with what is remembered", "MiB RSS", [resident], None, False, 0,
                f"bus {rig.memory_mib(rig.bus_pid(self.d))[0]:.0f} MiB")]

    def at_pace(self):
        """Intervals spread such that from the shortest on PACE feeds are due in each second."""
        self.reload([self.pace_from_s + i * 7919 % self.n / PACE for i in range(self.n)])
        time.sleep(self.pace_from_s * (1 + many.JITTER) + 5)
        meter, late, polls, cores = self.meter(), [], [], []
        for _ in range(self.window_s // PIECE_S):
            before, spent = self.d.histograms(), dict(meter.spent)
            meter.start()
            began = time.monotonic()
            time.sleep(PIECE_S)
            took = time.monotonic() - began
            meter.stop()
            after = self.d.histograms()
            piece = many.between(before, after, ("lateness", "quick"))
            late.append(many.quantile(piece, 0.99))
            polls.append(piece[-1][1] / took)
            cores.append(100 * sum(meter.spent[name] - spent[name] for name in ("daemon", "bus")) / took)
            say(f"sweep: {polls[-1]:,.0f} polls/s, p99 {late[-1]:.1f} ms late, {cores[-1]:.0f} % of a core "
                f"(load {os.getloadavg()[0]:.1f})")
        self.rows += [
            Row("late at p99, at that pace", "ms", late, LATE_GOAL_MS, False, 1,
                f"{rig.statistics.median(polls):,.0f} polls/s, {3600 * rig.statistics.median(polls):,.0f} an hour",
                notes=self.arithmetic()),
            Row("of a core, at that pace", "%", cores, CORE_GOAL, False, 1, meter.text()),
            Row("polls begun early", "polls", [self.d.early()], 0, False)]

    def arithmetic(self):
        """What a million an hour come to, by what was measured here."""
        idle = 256  # kept beside those in use, see fetch.parallel in civicwired.yaml(5)
        busy = 100 * PACE * self.poll_us / 1e6
        return [f"{AN_HOUR:,} polls an hour are {PACE:.0f} a second; at {self.poll_us:.0f} µs each {busy:.1f} % of one core",
                f"a server that takes 300 ms to answer holds a place as long: {PACE * 0.3:.0f} of fetch.parallel ({PARALLEL} here) are in "
                f"use; should a twentieth of them hang for a minute, {PACE / 20 * 2:.0f} more for 2 s, and "
                f"{math.ceil(PACE / 20 * 58)} places of the slow lane (which has as many as fetch.parallel, 400 at least)",
                f"at most {PARALLEL + idle} connections are kept; with one connection a host and a gap of a second a host "
                f"bears {3600 / 1.3:,.0f} polls an hour: {math.ceil(AN_HOUR / (3600 / 1.3)):,} hosts at least"]


def measure(options):
    with folder() as work, Origin(1, work / "requests", TEXT) as origin:
        s = Sweep(options, work, origin)
        try:
            s.first()
            s.at_once()
            s.at_pace()
        finally:
            if s.d.process and s.d.process.poll() is None:
                s.d.stop()
    return s.rows
