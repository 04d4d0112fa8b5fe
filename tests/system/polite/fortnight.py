"""Two weeks of a hundred feeds. The daemon is started again, killed, and for six hours without a network."""
import time

from turned import seconds

from . import fates, hosts, moments, requests, validators
from .simulation import DAY, LATE, LATE_IN_OUTAGE
from .world import live, world

DAYS = 14
# Before a restart whoever was redirected has his turn: that he waits for it is not kept, and his own host would be asked again.
EMPTIED_S = 10
RESTART, KILL, CUT, MENDED = 3.2 * DAY, 5.2 * DAY, 7.2 * DAY, 7.45 * DAY


def failures_of(states):
    return {i.split(".")[-1]: f["failures"] for i, f in states.items()}


def live_through(feeds, simulation, outage):
    """The counters of failures before the outage, and after it."""
    start = feeds.start
    for what, age in (("restart", RESTART), ("kill", KILL)):
        simulation.run(start + age)
        states = simulation.run(start + age + EMPTIED_S)
        feeds.marks[what] = simulation.clock.now() - start
        feeds.marks[what + " log"] = len(feeds.origin.requests)
        simulation.late |= set(moments.EXACT)
        feeds.marks[what + " due"] = {i.split(".")[-1]: seconds(f["next_due"]) for i, f in states.items()
                                      if seconds(f["next_due"]) > simulation.clock.now()}
        simulation.restart(kill=what == "kill")
    before = failures_of(simulation.run(start + CUT))
    exact, simulation.late, simulation.lateness = simulation.late, set(feeds.configured), LATE_IN_OUTAGE
    outage.begin(simulation)
    during = failures_of(simulation.run(start + MENDED))
    outage.end()
    feeds.marks["outage"] = CUT, MENDED
    simulation.late = set()
    simulation.run(start + MENDED + fates.TRIED_AGAIN_S)
    simulation.late, simulation.lateness = exact, LATE
    simulation.run(start + DAYS * DAY)
    return before, during


def test_fortnight(r):
    with world() as feeds, requests.Secure(feeds.work) as secure:
        for about in (requests, validators, moments, hosts, fates):
            about.declare(feeds)
        with live(feeds, hosts.settings()) as simulation:
            began = time.monotonic()
            failures = live_through(feeds, simulation, fates.Outage(feeds.origin))
            states = simulation.settle()
            r.look_at(simulation, feeds)
            r.tell(f"{DAYS} days", began)
            requests.report_look(r, secure)
            validators.report(r, DAYS)
            moments.report_hints(r)
            moments.report_busy(r)
            hosts.report(r)
            hosts.refresh(r, simulation)
            requests.report_ways(r, secure, states)
            requests.report_refused(r, simulation.daemon)
            fates.report_fate(r)
            fates.report_outage(r, *failures)
            fates.report_revival(r, simulation)
