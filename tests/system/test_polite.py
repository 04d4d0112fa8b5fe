#!/usr/bin/python3
"""How polite the daemon is: the real daemon over a fortnight, two months, and a start after days, by a clock that the test turns, against
an origin that logs each request. One row for each rule, with what the log shows for it."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from origin.moods import document  # noqa: E402
from origin.server import TLS, Origin  # noqa: E402
from polite import fates, hosts, moments, requests, validators  # noqa: E402
from polite.evidence import PORT, Feeds, Report  # noqa: E402
from polite.simulation import DAY, Simulation  # noqa: E402
from turned import StandingClock, Turned, seconds  # noqa: E402

START = seconds("2026-11-02T00:00:00Z")  # a Monday
DAYS = 14
RESTART, KILL, CUT, MENDED = 3.2 * DAY, 5.2 * DAY, 7.2 * DAY, 7.45 * DAY


def test_fortnight(r):
    with wire.folder() as work, Origin() as origin, requests.Secure(work) as secure:
        clock = StandingClock(work, START)
        origin.clock = clock.now
        origin.listen("0.0.0.0", PORT)
        origin.listen("::", PORT)
        feeds = Feeds(origin, clock, work)
        for about in (requests, validators, moments, hosts, fates):
            about.declare(feeds)
        poke = work / "poke.xml"
        poke.write_bytes(document("/poke"))
        configured = feeds.configured | {"poke": (f"file://{poke}", ["interval: 31d"])}
        settings = f"contact: {requests.CONTACT}\nfetch: {{ allow_file: true }}\n{hosts.settings()}"
        with Turned(clock, work, configured, "1h", settings) as daemon:
            began = time.monotonic()
            simulation = Simulation(daemon, origin, clock, feeds.held, feeds.watched, feeds.late)
            failures = live_through(feeds, simulation, fates.Outage(origin))
            states = simulation.settle()
            events, _ = wire.Replay(daemon.replay).all()
            print(f"  {DAYS} days in {time.monotonic() - began:.1f} s: {len(configured)} feeds, {len(origin.requests)} requests, "
                  f"{simulation.stops} stops", flush=True)
            r.look_at(feeds, origin, simulation, events, daemon.log_path.read_text())
            requests.report_look(r, secure)
            validators.report(r, DAYS)
            moments.report_hints(r)
            moments.report_busy(r)
            hosts.report(r)
            hosts.refresh(r, simulation, daemon, clock)
            requests.report_ways(r, secure, states)
            requests.report_files(r, daemon)
            fates.report_fate(r)
            fates.report_outage(r, *failures)
            fates.report_revival(r, simulation, daemon, clock)


def failures_of(states):
    return {i.split(".")[-1]: f["failures"] for i, f in states.items()}


def live_through(feeds, simulation, outage):
    """The fortnight; the counters of failures before the outage, and after it."""
    start = feeds.start
    for what, age in (("restart", RESTART), ("kill", KILL)):
        states = simulation.run(start + age)
        while max(feeds.held.values()) > simulation.clock.now():
            states = simulation.run(max(feeds.held.values()) + 2)
        feeds.marks[what] = simulation.clock.now() - start
        feeds.marks[what + " log"] = len(feeds.origin.requests)
        simulation.late.add("often")  # so far it was asked to the second
        feeds.marks[what + " due"] = {i.split(".")[-1]: seconds(f["next_due"]) for i, f in states.items()
                                      if seconds(f["next_due"]) > simulation.clock.now()}
        simulation.restart(kill=what == "kill")
    before = failures_of(simulation.run(start + CUT))
    exact, simulation.late = simulation.late, set(feeds.configured)
    outage.begin()
    during = failures_of(simulation.run(start + MENDED))
    outage.end()
    simulation.late = exact
    feeds.marks["outage"] = CUT, MENDED
    simulation.run(start + DAYS * DAY)
    return before, during


def main():
    report = Report()
    island.use_names(f"127.0.0.1 localhost\n::1 localhost\n{requests.SECURE} {requests.SECURE_HOST}\n")
    island.trust(TLS / "authority.pem")
    tests = [lambda test=test: test(report) for test in (test_fortnight,)]
    for test in tests:
        test.__name__ = test.__defaults__[0].__name__
    try:
        wire.main(tests)
    finally:
        report.print()
    failed = report.failed()
    print(f"{len(report.rows)} rules, {len(report.rows) - len(failed)} hold")
    assert not failed, failed


if __name__ == "__main__":
    main()
