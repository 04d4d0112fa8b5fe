"""What the origin's log shows: a row for each rule."""
import itertools
import time

import wire

from .simulation import DAY, HOUR
from .world import PORT

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
        self.rows, self.requests = [], 0

    def look_at(self, simulation, feeds):
        """What the rows from here on are about."""
        self.simulation, self.feeds, self.origin = simulation, feeds, feeds.origin
        self.events, _ = wire.Replay(simulation.daemon.replay).all()
        self.log = simulation.daemon.log_path.read_text()

    def tell(self, what, began):
        self.requests += len(self.origin.requests)
        print(f"  {what} in {time.monotonic() - began:.1f} s: {len(self.feeds.configured)} feeds, {len(self.origin.requests)} requests, "
              f"the clock turned {self.simulation.stops} times", flush=True)

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
        print(f"  {len(self.rows)} rules, {len(self.rows) - len(self.failed())} hold; {self.requests} requests", flush=True)

    def failed(self):
        return [rule for rule, _, holds in self.rows if not holds]
