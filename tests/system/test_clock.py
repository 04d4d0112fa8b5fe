#!/usr/bin/python3
"""The wall clock of a running daemon jumps by a day, ten years back, to the year 2106, and home again;
and the daemon is started under such clocks. Order and numbers hold, feeds are polled at their pace and
none is parked, no due time is absurd, nothing is removed or forgotten for a clock that was wrong for a
while, and a cursor by time finds what it did. CIVICWIRE_LONG=1 takes every step in every way."""
import calendar
import os
import time

import zmq

import invariants
import test_keys
import wire
from breakers import DAY_S, YEAR_S, Faults
from subscribers import Follower

FEEDS, ITEMS, INTERVAL_S = 4, 30, 1
IN_2106 = 2 ** 32 + 1000 - int(time.time())  # just past what 32 bits hold
STEPS = {"a day ahead": DAY_S, "a day back": -DAY_S, "ten years back": -10 * YEAR_S, "in 2106": IN_2106}
LONG = bool(os.environ.get("CIVICWIRE_LONG"))
SHORT_STEPS = {"running": "in 2106", "starting": "ten years back"}
NAMES = [f"c{i}" for i in range(FEEDS)]


def steps(when):
    return [(what, by) for what, by in STEPS.items() if LONG or what == SHORT_STEPS[when]]


def parse(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def snapshot(name, n):
    """Two new items with each edition; what is left out is not withdrawn, only no longer listed."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{name}-{i}</guid><title>Item {i} of {name}</title>"
        f"<pubDate>Mon, 02 Nov 2026 {i % 24:02}:00:00 GMT</pubDate><description>Text {i}.</description></item>"
        for i in range(2 * n, 2 * n + ITEMS))
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()


class Town:
    """Feeds, their origin, a daemon on a machine whose clock can be turned, and one who follows it all."""

    def __init__(self, work, nginx, root, settings="journal: { keep: 90d }"):
        self.root, self.nginx, self.edition = root, nginx, 0
        self.serve()
        self.faults = Faults(work)
        self.daemon = wire.Daemon(work, {n: nginx.url(f"{n}.xml") for n in NAMES}, interval=f"{INTERVAL_S}s",
                                  settings=settings, extra=self.faults.environment())

    def serve(self):
        for name in NAMES:
            wire.put_file(self.root / f"{name}.xml", snapshot(name, self.edition), 1_600_000_000 + 2 * self.edition)

    def change(self):
        """The next edition of each feed, and wait until the daemon has come for it of its own accord."""
        before = self.daemon.status()["journal"]["head"]
        self.edition += 1
        self.serve()
        wire.wait_until("all feeds to be polled without being asked to", lambda: self.daemon.status()["journal"]["head"]
                        >= before + 2 * FEEDS, seconds=30)

    def serve_again(self):
        """The first edition once more, and then the newest: nothing of either is new."""
        for n in (0, self.edition):
            for name in NAMES:
                wire.put_file(self.root / f"{name}.xml", snapshot(name, n), 1_700_000_000 + 2 * n)
            self.daemon.poll_now(*NAMES)

    def polls(self, seconds):
        """How many requests the origin gets in that time."""
        before = len(self.nginx.requests())
        time.sleep(seconds)
        return len(self.nginx.requests()) - before


def town(test):
    """Runs test(town, follower) against a daemon that has read its feeds once."""
    def run():
        with wire.folder() as work:
            root = work / "root"
            root.mkdir()
            with wire.Nginx(work, root) as nginx:
                t = Town(work, nginx, root)
                with t.daemon:
                    follower = Follower(t.daemon.replay)
                    test(t)
                    t.faults.set_clock(0)
                    t.daemon.wait_published()
                    events, _ = wire.Replay(t.daemon.replay).all()
                    wire.wait_until("the client to have all", lambda: len(follower.ids) >= len(events))
                    follower.end()
                    judge(t, events)
                    invariants.followed(follower, events)
                    assert t.daemon.stop() == 0
                    invariants.stored(t.daemon)
    run.__name__ = test.__name__
    return run


def judge(t, events):
    """Each item was published once, in any clock; numbers have no hole, recorded times never fall."""
    invariants.whole(events)
    items = [e for e in events if e["type"].startswith("org.civicwire.item.")]
    assert {e["type"] for e in items} == {"org.civicwire.item.published.v1"}, {e["type"] for e in items}
    assert len(items) == FEEDS * (ITEMS + 2 * t.edition), (len(items), t.edition)
    times = [e["recordedtime"] for e in events]
    assert times == sorted(times), "a recorded time falls"


def check_due(t, clock_s):
    """Each feed is due within its interval, by the clock as it is now."""
    now = time.time() + clock_s
    for feed in t.daemon.feeds().values():
        due = parse(feed["next_due"])
        assert now - 30 < due < now + 30, f"{feed['id']} is due {due - now:+.0f} s from now"
    invariants.none_early(t.daemon)


@town
def test_steps_while_running(t):
    for what, seconds in steps("running"):
        oldest = t.daemon.status()["journal"]["head"]
        # In the middle of requests: what is under way is settled by the other clock.
        t.faults.set_clock(seconds)
        t.change()
        check_due(t, seconds)
        # Two polls per feed and second would be twice their pace.
        polls = t.polls(2)
        assert 0 < polls <= FEEDS * (2 / INTERVAL_S + 2), f"{what}: {polls} polls in 2 s"
        t.faults.set_clock(0)
        t.change()
        check_due(t, 0)
        print(f"  {what}: {polls} polls of {FEEDS} feeds in 2 s; {t.daemon.status()['journal']['head'] - oldest} events")


@town
def test_jumps_between_polls(t):
    """Back and forth many times while polls are under way: none may end in the other century."""
    for i in range(80 if LONG else 16):
        t.faults.set_clock((IN_2106, 0, -10 * YEAR_S, 0)[i % 4])
        time.sleep(0.11)
    t.faults.set_clock(0)
    t.change()
    check_due(t, 0)


@town
def test_starts_under_wrong_clocks(t):
    for what, seconds in [*steps("starting"), ("home", 0)]:
        t.daemon.stop()
        t.faults.set_clock(seconds)
        t.daemon.start().wait_ready()
        t.change()
        check_due(t, seconds)
        polls = t.polls(1)
        assert polls <= FEEDS * (1 / INTERVAL_S + 2), f"{what}: {polls} polls in 1 s"
        print(f"  started {what}: {polls} polls of {FEEDS} feeds in 1 s")


@town
def test_nothing_is_removed(t):
    """A clock that is ahead removes no events and forgets no items: what comes again is known."""
    first, _ = wire.Replay(t.daemon.replay).all()
    for restart in (False, True) if LONG else (True,):
        t.faults.set_clock(IN_2106)
        if restart:
            t.daemon.stop()
            t.daemon.start().wait_ready()
        t.change()
        if not restart:
            time.sleep(11)  # retention looks each ten seconds, and after a start
        t.change()
        t.faults.set_clock(0)
        if restart:  # a second one believes it no more than the first
            t.daemon.stop()
            t.daemon.start().wait_ready()
    assert "check the machine's time" in t.daemon.log_path.read_text()
    left, _ = wire.Replay(t.daemon.replay).all()
    assert left[:len(first)] == first, "events are gone"
    t.serve_again()


@town
def test_cursor_by_time(t):
    """A jump of a moment leaves no trace in the times by which others look things up."""
    replay = wire.Replay(t.daemon.replay)
    t.change()
    time.sleep(1.1)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    head = t.daemon.status()["journal"]["head"]
    for clock in (IN_2106, -10 * YEAR_S):
        t.faults.set_clock(clock)
        t.change()
        t.faults.set_clock(0)
        t.change()
    events, _ = replay.all(after={"time": moment})
    assert int(events[0]["sequence"]) == head + 1, (events[0]["sequence"], head)
    late = [e["recordedtime"] for e in events if not time.time() - 60 < parse(e["recordedtime"]) < time.time() + 2]
    assert not late, f"recorded by a clock that was wrong: {late[:3]}"
    head, events = replay.ask({"time": "2100-01-01T00:00:00Z"})
    assert "error" not in head and not events, "nothing was recorded then"


def subscribe(endpoint, key):
    sub = zmq.Context.instance().socket(zmq.SUB)
    sub.setsockopt(zmq.LINGER, 0)
    sub.setsockopt(zmq.SUBSCRIBE, b"")
    wire.use_key(sub, key)
    sub.connect(endpoint)
    return sub


def test_keys_expire_by_the_clock_as_it_is():
    """A key that is over by a wrong clock is good again when that is put right, and expires on its day."""
    with wire.folder() as work:
        faults = Faults(work)
        daemon = test_keys.Secure(work, {}, extra=faults.environment())
        daemon.make_keys("archive")
        test_keys.key(daemon, "new", "board", "--expires", "2030-01-01")
        with daemon:
            def bus(name):
                return daemon.status()["bus"][name]

            for n, clock in enumerate((IN_2106, calendar.timegm((2030, 1, 2, 0, 0, 0)) - time.time()), start=1):
                faults.set_clock(0)
                board = subscribe(daemon.live, work / "board.key")
                wire.wait_until("the client to be there", lambda: bus("live_subscriptions"))
                faults.set_clock(clock)
                wire.wait_until("the client to be cut", lambda: bus("cut_rights") >= n and
                                not bus("live_subscriptions"), seconds=20)
                board.close()
            assert daemon.stop() == 0


if __name__ == "__main__":
    wire.main([test_steps_while_running, test_jumps_between_polls, test_starts_under_wrong_clocks, test_nothing_is_removed,
               test_cursor_by_time, test_keys_expire_by_the_clock_as_it_is])
