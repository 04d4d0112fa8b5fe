"""Time for the daemon and for the origin. It stands still while anything is under way, and is turned from one moment at which
something is due to the next."""
import wire
from turned import seconds

HOUR, DAY = 3600, 86400
# Feeds that are not looked at to the second may be asked so late, together with others.
LATE, LATE_IN_OUTAGE = 90 * 60, 20 * 60
PUSHED_BACK = (429, 503)
# The schedule counts in microseconds, what it says of itself is cut to milliseconds.
TICK = 0.001
# Names of one machine end so.
MACHINE, MACHINE_GAP = ".machine.test", 0.1
# So long a poll waits for the host that a redirect leads to.
TURN_S = 600


class Simulation:
    """`watched`: feeds that are looked at a second before they are due; `late`: those that may be asked later than they are due. One
    that is both is looked at where a server has pushed it back. `leads`: hosts that redirect, and where to."""

    def __init__(self, daemon, origin, clock, held=None, watched=(), late=(), leads=None):
        self.daemon, self.origin, self.clock = daemon, origin, clock
        self.held, self.leads = {} if held is None else held, leads or {}
        self.watched, self.late = set(watched), set(late)
        self.lateness = LATE
        self.looked = {}  # feed or host: the moments due of which it was looked at a second before
        self.asked_at, self.seen, self.stops = {}, 0, 0

    def settle(self):
        """Has the schedule look at the clock, and waits until all that is due is journaled; the feeds."""
        self.daemon.poke()
        self.stops += 1

        def idle():
            feeds = self.daemon.feeds()
            if any(f["polling"] for f in feeds.values()):
                return None
            del feeds[wire.feed_id("poke")]
            return feeds
        return wire.wait_until("the polls to end", idle, step=0.001)

    def moments_of_queued(self, host):
        """A feed that is due waits for its host: until it has rested, or as long as it has asked for."""
        now = self.clock.now()
        until = self.held.get(host, 0)
        if until - 1 <= now < until:
            self.looked.setdefault(host, set()).add(until)
        if until + 1 >= now + TICK:  # a date is a whole second
            moments = (until - 1, until, until + 1)
        else:
            rested = self.asked_at.get(host, 0) + 1
            moments = (rested - 0.01, rested)
        # One that was not reached has no line in the log; one whose machine is busy with others waits for less than a second.
        return [m for m in moments if m >= now + TICK] or [now + (MACHINE_GAP / 2 if MACHINE in host else 1)]

    def moments(self, feeds):
        now = self.clock.now()
        for request in self.origin.requests[self.seen:]:
            self.asked_at[request.host] = request.time
        self.seen = len(self.origin.requests)
        for i, feed in feeds.items():
            name = i.split(".")[-1]
            if "next_due" not in feed:
                continue
            due = seconds(feed["next_due"]) + TICK
            if due < now + TICK:
                there = self.leads.get(feed["host"])
                yield from self.moments_of_queued(there or feed["host"])
                if there and due + TURN_S >= now + TICK:
                    yield due + TURN_S
                continue
            exact = name not in self.late or feed.get("http_status") in PUSHED_BACK or due < now + 2 * TICK
            if exact and name in self.watched and due - 1 >= now + TICK:
                yield due - 1
            elif exact and name in self.watched and self.held.get(feed["host"], 0) <= due:
                self.looked.setdefault(name, set()).add(due)
            yield due if exact else due + self.lateness

    def run(self, until):
        """On to that time. Whatever is due is asked before the clock is turned on."""
        while self.clock.now() < until:
            feeds = self.settle()
            self.clock.turn_to(min(until, min(self.moments(feeds), default=until)))
        return self.settle()

    def restart(self, kill=False):
        """Nothing is due that was not; the feeds as they were."""
        if kill:
            self.daemon.kill()
        else:
            self.daemon.stop()
        self.daemon.start().wait_ready()
