"""What one server sees of all its feeds together."""
import asyncio
import itertools

from .evidence import span
from .simulation import DAY, HOUR, MACHINE, MACHINE_GAP
from .world import PORT, fresh

TOGETHER, CROWDED, AGREED, HELD = "127.5.11.1", "127.5.12.1", "127.5.13.1", "127.5.14.1"
CROWD, CROWD_HELD_S = 20, 14 * HOUR
AGREED_PARALLEL = 4
SITES, MACHINE_ADDRESS, AGREED_ADDRESS, MACHINE_PARALLEL = 12, "127.7.2.1", "127.7.3.1", 4
# Where redirects within a host lead, which are followed at once.
WITHIN = ("/hops/", "/chained-here")


class Together:
    """How many requests are under way at a time: each waits for so many, or as long as a slow server takes."""

    def __init__(self, wanted, patience_s=5.0, *headers):
        self.wanted, self.patience_s, self.headers, self.now, self.most = wanted, patience_s, headers, 0, 0

    async def __call__(self, x):
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(int(self.patience_s * 100)):
            if self.most >= self.wanted:
                break
            await asyncio.sleep(0.01)
        self.now -= 1
        return fresh(x, None, *self.headers)


def declare(feeds):
    clock, add = feeds.clock, feeds.add
    feeds.together = Together(AGREED_PARALLEL)
    for n in range(4):
        add(f"together{n}", fresh, "interval: 6h", host=TOGETHER, late=True)
    for n in range(2 * AGREED_PARALLEL):
        add(f"agreed{n}", feeds.together, "interval: 1d", host=AGREED, late=True)

    feeds.sites = Together(SITES, 0.05)
    for n in range(SITES):
        add(f"site{n}", feeds.sites, "interval: 1d", url=f"http://site{n}{MACHINE}:{PORT}/site{n}", late=True)

        add(f"own{n}", fresh, "interval: 1d", url=f"http://own{n}{MACHINE}:{PORT}/own{n}", late=True)

    def pushed_back(x):
        """All of them, once, on the third day."""
        if feeds.age() < 2 * DAY or CROWDED in feeds.marks:
            return fresh(x)
        feeds.marks[CROWDED] = feeds.age()
        return feeds.busy(x, "429 Too Many Requests", CROWD_HELD_S, str(CROWD_HELD_S))
    for n in range(CROWD):
        add(f"crowd{n}", pushed_back, "interval: 12h", host=CROWDED, late=True)

    def held(x):
        """Once somebody wants to see it."""
        return feeds.busy(x, "429 Too Many Requests", 7200, "7200") if feeds.marks.get("hold") == clock.now() else fresh(x)
    for n in range(2):
        add(f"held{n}", held, "interval: 1d", host=HELD, late=True)


def names():
    return "".join(f"{MACHINE_ADDRESS} site{n}{MACHINE}\n{AGREED_ADDRESS} own{n}{MACHINE}\n" for n in range(SITES))


def settings():
    return (f"hosts:\n  - {{ host: '{AGREED}', gap: 0ms, parallel: {AGREED_PARALLEL} }}\n"
            f"  - {{ host: '{AGREED_ADDRESS}', gap: 0ms, parallel: {SITES} }}\n")


def by_host(requests):
    hosts = {}
    for q in requests:
        hosts.setdefault(q.host, []).append(q.time)
    return hosts


def report(r):
    counted = [q for q in r.origin.requests if not q.path.startswith(WITHIN) and not q.host.startswith(AGREED)]
    hosts = by_host(counted)
    gaps = [b - a for t in hosts.values() for a, b in itertools.pairwise(t)]
    r.row("two requests to one host are a second apart, at least",
          f"{len(hosts)} hosts, {sum(map(len, hosts.values()))} requests; the nearest "
          f"{min(gaps):.3f} s apart", min(gaps) >= 1)
    gaps = [b.time - a.time for a, b in itertools.pairwise(r.at_host(TOGETHER)[:4])]
    r.row("feeds of one host that are due at once go one after the other", f"four feeds at the start, {span(gaps)} apart",
          len(gaps) == 3 and min(gaps) >= 1 and max(gaps) < 1.01)
    moment = r.feeds.start + r.feeds.marks[CROWDED]
    queue = [q.time - moment for q in r.at_host(CROWDED) if q.time > moment][:CROWD]
    gaps = [b - a for a, b in itertools.pairwise(queue)]
    r.row("a host that has pushed back is not flooded when that is over", f"{CROWD} feeds held for {CROWD_HELD_S} s: the first after "
          f"{queue[0]:.3f} s, then {span(gaps)} apart",
          CROWD_HELD_S <= queue[0] <= CROWD_HELD_S + 1 and min(gaps) >= 1 and max(gaps) < 1.01)
    first = [q for q in r.at_host(AGREED)[:2 * AGREED_PARALLEL] if q.time == r.feeds.start]
    r.row("a `hosts:` entry allows more where it is agreed", f"{len(first)} requests without a gap, {r.feeds.together.most} at a time",
          len(first) == 2 * AGREED_PARALLEL and r.feeds.together.most == AGREED_PARALLEL)
    times = sorted(q.time - r.feeds.start for q in r.origin.requests if q.host.startswith("site"))[:SITES]
    together = [len(list(group)) for _, group in itertools.groupby(times)]
    gaps = [b - a for a, b in itertools.pairwise(times) if b > a]
    r.row("a machine of many sites is asked four at a time at most, a tenth of a second between",
          f"{SITES} sites due at once: {' + '.join(map(str, together))} requests, {span(gaps)} apart; {r.feeds.sites.most} under way",
          len(times) == SITES and max(together) <= MACHINE_PARALLEL and r.feeds.sites.most <= MACHINE_PARALLEL
          and min(gaps) >= MACHINE_GAP - 0.0001)
    own = [q.time - r.feeds.start for q in r.origin.requests if q.host.startswith("own")][:SITES]
    r.row("a `hosts:` entry for an address allows its sites more", f"{SITES} sites due at once: all within {max(own):.3f} s",
          len(own) == SITES and max(own) == 0)
    for what, done in (("restart", "a restart"), ("kill", "kill -9")):
        due, log = r.feeds.marks[what + " due"], r.origin.requests[r.feeds.marks[what + " log"]:]
        early = [n for n, at in due.items() if any(q.time < at - 0.01 for q in log if q.path == "/" + n)]
        r.row(f"after {done} nobody is asked before it is due",
              f"{len(due)} feeds wait on, {', '.join(early) or 'none'} of them asked",
              due and not early)


def refresh(r, simulation):
    """The operator asks, and the host's rest is kept all the same."""
    daemon, clock = simulation.daemon, simulation.clock
    while r.at_host(TOGETHER)[-1].time > clock.now() - 2:  # by chance
        simulation.run(clock.now() + 2)
    before = len(r.origin.requests)
    moment = clock.now()
    for n in range(4):
        daemon.refresh(f"together{n}")
    simulation.run(clock.now() + 10)
    times = [q.time - moment for q in r.origin.requests[before:] if q.host == f"{TOGETHER}:{PORT}"]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    r.row("an operator's refresh asks at once, and keeps the host's gap", f"four feeds, at {', '.join(f'{t:.3f}' for t in times)} s",
          len(times) == 4 and times[0] == 0 and min(gaps) >= 1 and max(gaps) < 1.01)

    for rule, kill in (("an operator's refresh waits for a host that has said 429, too", False),
                       ("kill -9 does not end a host's Retry-After", True)):
        simulation.run(clock.now() + 2)
        r.feeds.marks["hold"] = moment = clock.now()
        daemon.refresh("held0")
        simulation.settle()
        if kill:
            simulation.restart(kill=True)
        for n in range(2):
            daemon.refresh(f"held{n}")
        simulation.run(moment + 7200 + 10)
        times = [q.time - moment for q in r.at_host(HELD) if q.time >= moment]
        r.row(rule, f"held for 7200 s, two feeds refreshed meanwhile: asked at {', '.join(f'{t:.3f}' for t in times[1:])} s",
              len(times) == 3 and 7200 <= times[1] < 7201 and times[2] - times[1] >= 1)

    for kill in (False, True):
        simulation.run(clock.now() + 2)
        before = len(r.origin.requests)
        daemon.refresh("together0")
        simulation.settle()
        simulation.restart(kill=kill)
        daemon.refresh("together1")
        simulation.run(clock.now() + 10)
        times = [q.time for q in r.origin.requests[before:] if q.host == f"{TOGETHER}:{PORT}"]
        again = [b - a for a, b in itertools.pairwise(times)]
        r.row(f"{'kill -9' if kill else 'a restart'} does not shorten a host's second",
              f"two feeds refreshed, one before it and one after: {span(again)} apart", len(times) == 2 and 1 <= again[0] < 1.01)
