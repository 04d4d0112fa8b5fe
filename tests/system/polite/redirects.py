"""Redirects to other hosts: whoever they lead to is asked at its pace, as if the feeds were its own."""
import itertools
import time

import wire
from origin.moods import answer, document, redirect

from .evidence import span
from .hosts import Together
from .simulation import DAY, HOUR, MACHINE, MACHINE_GAP, TURN_S
from .world import PORT, fresh, live, world

DAYS = 3
LED, SHARED = 40, "127.6.3.1"
BUSY, BUSY_S, BUSY_EVERY = "127.6.4.1", 7321, 3 * HOUR
HELD, HELD_S = "127.6.5.1", 7200
SLOW, SLOW_GAP, ANEW_S = "127.6.6.1", 15 * 60, 300
TO, FRO = "127.6.7.1", "127.6.8.1"
SITES, VIA, BEHIND, MACHINE_PARALLEL = 12, "127.7.4.{}", "127.7.5.1", 4
TOO_MANY = "429 Too Many Requests"


def names():
    return "".join(f"{VIA.format(n + 1)} via{n}{MACHINE}\n{BEHIND} behind{n}{MACHINE}\n" for n in range(SITES))


def lead(feeds, name, to, respond, *lines, **named):
    """A feed at a host of its own that redirects to another one."""
    there = f"/{name}-there"
    feeds.add(name, lambda x: redirect("302 Found", f"http://{to}:{PORT}{there}"), *lines, **named)
    feeds.serve(there, respond)
    own = feeds.configured[name][0].split("/")[2]
    feeds.leads[own] = f"{to}:{PORT}"


def declare(feeds):
    clock, last = feeds.clock, {}
    for n in range(LED):
        lead(feeds, f"led{n}", SHARED, fresh, "interval: 1d", late=True)
    feeds.add("own", fresh, "interval: 1d", host=SHARED, late=True)

    # By this clock a connection would outlive what is known of the hosts.
    feeds.behind = Together(SITES, 0.05, "Connection: close")
    for n in range(SITES):
        lead(feeds, f"via{n}", f"behind{n}{MACHINE}", feeds.behind, "interval: 1d", host=f"via{n}{MACHINE}", late=True)

    def busy(x):
        """For each first request of three hours."""
        if last.get(BUSY, 0) > clock.now() - BUSY_EVERY:
            return fresh(x)
        last[BUSY] = clock.now()
        return feeds.busy(x, TOO_MANY, BUSY_S, str(BUSY_S), "Cache-Control: no-store")
    for n in range(2):
        # One of them on time, so that they do not come together.
        lead(feeds, f"guided{n}", BUSY, busy, "interval: 30min", watched=True, late=not n)

    def held(x):
        """Once somebody wants to see it."""
        return feeds.busy(x, TOO_MANY, HELD_S, str(HELD_S)) if feeds.marks.get("hold") == clock.now() else fresh(x)
    for n in range(2):
        lead(feeds, f"sent{n}", HELD, held, "interval: 15min", late=True)

    def slow(x):
        feeds.held[x.request.host] = clock.now() + SLOW_GAP
        return fresh(x)
    for n in range(2):
        lead(feeds, f"queued{n}", SLOW, slow, "interval: 2d")
    feeds.add("near", lambda x: redirect("302 Found", "/near/"), "interval: 6h", late=True)
    feeds.serve("/near/", lambda x: fresh(x, document("/near")))
    feeds.add("to-and-fro", lambda x: redirect("302 Found", f"http://{FRO if x.request.host.startswith(TO) else TO}:{PORT}/to-and-fro"),
              "interval: 6h", host=TO, late=True)


def report_pace(r):
    times = [q.time - r.feeds.start for q in r.at_host(SHARED)]
    gaps, first = [b - a for a, b in itertools.pairwise(times)], [t for t in times if t < DAY / 2]
    r.row("where other hosts redirect to one, that one's second between requests is kept",
          f"{LED} hosts at once, and a feed of its own: {len(first)} requests within {max(first):.0f} s, {span(gaps)} apart",
          len(first) == LED + 1 and min(gaps) >= 1 and max(first) < 2 * LED)
    times = sorted(q.time - r.feeds.start for q in r.origin.requests if q.host.startswith("behind"))[:SITES]
    together = [len(list(group)) for _, group in itertools.groupby(times)]
    gaps = [b - a for a, b in itertools.pairwise(times) if b > a]
    r.row("redirects to many sites of one machine keep to its four at a time, too",
          f"{SITES} at once: {' + '.join(map(str, together))} requests, {span(gaps)} apart; {r.feeds.behind.most} under way",
          len(times) == SITES and max(together) <= MACHINE_PARALLEL and r.feeds.behind.most <= MACHINE_PARALLEL
          and min(gaps) >= MACHINE_GAP - 0.0001)


def report_hold(r):
    refusals = sorted(f for n in range(2) for f in r.feeds.refused[f"/guided{n}-there"])
    asked = [q.time for q in r.at_host(BUSY)]
    found = [(next(t for t in asked if t > at) - at - wait, sum(at < q.time < at + wait for n in range(2) for q in r.at(f"/guided{n}")))
             for at, wait in refusals if any(t > at for t in asked)]
    off = [late for late, _ in found]
    r.row("429 where a redirect leads: nobody is led there before",
          f"{len(found)} times, asked again {min(off):+.3f} to {max(off):+.3f} s from the second it names; {sum(n for _, n in found)} "
          "redirects meanwhile", len(found) >= 8 and min(off) >= 0 and max(off) <= 0.01 and sum(n for _, n in found) >= len(found) / 2)


def report_ends(r, states):
    near = r.at("/near"), r.at("/near/")
    same = sum(a.connection is b.connection and a.time == b.time for a, b in zip(*near))
    r.row("a redirect within a host is followed at once, by the same connection", f"{len(near[1])} of {len(near[0])}, {same} so",
          len(near[0]) == len(near[1]) == same > 8)
    hosts = [[q.time for q in r.at_host(h)] for h in (TO, FRO)]
    gaps = [b - a for times in hosts for a, b in itertools.pairwise(times)]
    polls = len([gap for gap in gaps[:len(hosts[0]) - 1] if gap > HOUR])  # but for the last, which may be under way
    fault = states[wire.feed_id("to-and-fro")].get("fault", "none")
    r.row("redirects to and fro between two hosts end after five, each at its host's pace",
          f"{polls} polls, {len(hosts[0])} + {len(hosts[1])} requests, {min(gaps):.3f} s apart at least: {fault}",
          fault == "too-many-redirects" and polls >= 3 and min(gaps) >= 1 and all(0 <= len(h) - 3 * polls <= 3 for h in hosts))
    here = [q.time - r.feeds.start for n in range(2) for q in r.at(f"/queued{n}", 0, HOUR)]
    there = [q.time - r.feeds.start for q in r.at_host(SLOW)]
    waited = sorted(here)[-1]
    r.row("who has no turn there within ten minutes begins anew after five more",
          f"at a host that is asked each {SLOW_GAP} s: the first after {there[0]:.3f} s; the second begins anew after {waited:.3f} s, there "
          f"after {there[1]:.3f} s; {states[wire.feed_id('queued1')]['failures']} failures",
          len(here) == 3 and TURN_S + ANEW_S <= waited <= TURN_S + 1.1 * ANEW_S + 2 and SLOW_GAP <= there[1] <= waited + 2
          and not any(states[wire.feed_id(f"queued{n}")]["failures"] for n in range(2)))


def report_refresh(r, simulation):
    clock = simulation.clock
    for rule, kill in (("an operator's refresh leads to no host that has said 429", False),
                       ("kill -9 does not end the Retry-After of a host that others lead to", True)):
        simulation.run(clock.now() + 2)
        r.feeds.marks["hold"] = moment = clock.now()
        simulation.daemon.refresh("sent0")
        simulation.settle()
        if kill:
            simulation.restart(kill=True)
        for n in range(2):
            simulation.daemon.refresh(f"sent{n}")
        simulation.run(moment + HELD_S + 10)
        times = [q.time - moment for q in r.at_host(HELD) if q.time >= moment]
        led = sum(0 <= q.time - moment < HELD_S for n in range(2) for q in r.at(f"/sent{n}"))
        r.row(rule, f"held for {HELD_S} s, {led} redirects meanwhile: asked at {', '.join(f'{t:.3f}' for t in times[1:])} s",
              led >= 3 and len(times) == 3 and HELD_S <= times[1] < HELD_S + 1 and times[2] - times[1] >= 1)


def test_redirects(r):
    with world() as feeds:
        declare(feeds)
        with live(feeds, f"hosts:\n  - {{ host: '{SLOW}', gap: {SLOW_GAP}s, parallel: 1 }}\n") as simulation:
            began = time.monotonic()
            states = simulation.run(feeds.start + DAYS * DAY)
            r.look_at(simulation, feeds)
            r.tell(f"{DAYS} days of redirects", began)
            report_pace(r)
            report_hold(r)
            report_ends(r, states)
            report_refresh(r, simulation)
            early = simulation.daemon.status()["counters"]["civicwire_polls_early_total"]
            assert early == 0, early
