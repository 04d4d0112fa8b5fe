#!/usr/bin/python3
"""kill -9 of the daemon or of its bus, at random moments while feeds change at full speed: the events
are those of an undisturbed run, the sequences have no hole, no id appears twice; a replay client that
keeps its cursor gets each event once, and live clients, by the four rules and through the library,
end up with all of them. CIVICWIRE_KILLS says how often."""
import contextlib
import os
import time

import invariants
import wire
from breakers import Killer
from subscribers import Follower, Process, Rules, Tail, judge_rules, judge_tail

KILLS = int(os.environ.get("CIVICWIRE_KILLS", "50"))
SNAPSHOTS, ITEMS, NEW = 40, 600, 120


def snapshot(name, n):
    """A feed of our own: ITEMS items, NEW of them not in the snapshot before, some texts changed."""
    first = n * NEW
    items = "".join(
        f"<item><guid isPermaLink='false'>{name}-{i}</guid><title>Item {i} of {name}</title>"
        f"<link>http://feed.example/{name}/{i}</link>"
        f"<description>Text of item {i}, edition {n // 3 if i % 5 == 0 else 0}. {'Lorem ipsum. ' * 30}</description></item>"
        for i in range(first, first + ITEMS))
    return f"<rss version='2.0'><channel><title>{name}</title><link>http://feed.example/</link>{items}</channel></rss>".encode()


def made_feeds():
    """Large enough that kills fall into commits."""
    return {name: lambda n, name=name: snapshot(name, n) for name in ("alpha", "beta", "gamma")}


def real_feeds(folder):
    """The snapshots of real feeds, round and round."""
    series = {path.name: sorted(path.glob("*.xml")) for path in sorted(folder.iterdir()) if path.is_dir()}
    return {name: lambda n, files=files: files[n % len(files)].read_bytes() for name, files in series.items()}


def serve_and_wait(daemon, root, feeds, n):
    """Serves snapshot n of all feeds and waits until each was read since, whatever happens meanwhile."""
    clock = 1_600_000_000 + 2 * n
    started = time.time()
    for name, edition in feeds.items():
        wire.put_file(root / f"{name}.xml", edition(n), clock)

    def all_read():
        with contextlib.suppress(OSError, ValueError, KeyError, wire.http.client.HTTPException):
            states = daemon.feeds()
            late = [name for name in feeds if stamp(states[wire.feed_id(name)].get("last_success")) < started
                    or states[wire.feed_id(name)]["polling"]]
            for name in late:
                daemon.get(f"/v1/refresh?feed={wire.feed_id(name)}", "POST")
            return not late
        return False
    wire.wait_until(f"snapshot {n} to be read", all_read, seconds=120, step=0.02)


def stamp(text):
    if not text:
        return 0
    whole, fraction = text.rstrip("Z").split(".")
    return wire.time.mktime(wire.time.strptime(whole + "UTC", "%Y-%m-%dT%H:%M:%S%Z")) - wire.time.timezone + float("0." + fraction)


def play(work, feeds, snapshots, disturb):
    """Plays at least that many snapshots, and with `disturb(daemon, change)` as long as that goes on:
    change() serves the next ones. The journal's events, and how many snapshots were played."""
    root = work / "root"
    root.mkdir(parents=True)
    for name, edition in feeds.items():
        wire.put_file(root / f"{name}.xml", edition(0), 1_500_000_000)
    with wire.Nginx(work, root) as nginx:
        daemon = wire.Daemon(work, {name: nginx.url(f"{name}.xml") for name in feeds}, interval="6h")
        with daemon:
            played = disturb(daemon, lambda n: serve_and_wait(daemon, root, feeds, n), snapshots)
            daemon.wait_published()
            events, _ = wire.Replay(daemon.replay).all()
            assert daemon.stop() == 0
            return events, played


def calm(daemon, change, snapshots):
    for n in range(snapshots):
        change(n)
    return snapshots


class Rough:
    """The disturber, and the subscribers that go through it."""

    def __call__(self, daemon, change, snapshots):
        self.follower = Follower(daemon.replay)
        self.rules = Rules(daemon, daemon.work / "rules", "feed/")
        self.tail = Tail(daemon, daemon.work / "tail", "feed/", after="oldest")
        wire.wait_until("the live client to join", lambda: self.rules.accounted() >= 0)
        self.killer = Killer(daemon, 20261123, KILLS)
        self.killer.start()
        n = 0
        while n < snapshots or not self.killer.over:
            change(n)
            n += 1
        self.killer.join()
        daemon.wait_ready()
        self.settle(daemon)
        return n

    def settle(self, daemon):
        """Waits until the clients have all, and judges what only the running daemon can tell."""
        daemon.wait_published()
        replay = wire.Replay(daemon.replay)
        events, _ = replay.all()
        items, head = invariants.sequences(replay.all(topics=["feed/"])[0]), len(events)
        for what, have, wanted in (("the replay client", lambda: len(self.follower.ids), head),
                                   ("the live client by the four rules", self.rules.accounted, head),
                                   ("the library", lambda: len(self.tail.sequences()), len(items))):
            try:
                wire.wait_until(f"{what} to have all", lambda: have() >= wanted, seconds=120, step=0.5)
            except AssertionError as why:
                raise AssertionError(f"{why}: it has {have()} of {wanted}") from None
        self.follower.end()
        self.rules.end()
        self.tail.end()
        invariants.followed(self.follower, events)
        judge_rules("by the four rules", self.rules, items)
        judge_tail("from the oldest", self.tail, items)


def crash(feeds):
    rough = Rough()
    with wire.folder() as rough_work, wire.folder() as calm_work:
        try:
            events, played = play(rough_work, feeds, SNAPSHOTS, rough)
        finally:
            Process.end_all()
        undisturbed, _ = play(calm_work, feeds, played, calm)
    killer = rough.killer
    assert killer.daemons + killer.buses >= KILLS and killer.daemons and killer.buses
    invariants.whole(events)
    invariants.whole(undisturbed)
    invariants.same_items(undisturbed, events)
    print(f"  {killer.daemons} kills of the daemon and {killer.buses} of the bus over {played} snapshots; "
          f"{len(undisturbed)} events undisturbed, {len(events)} disturbed; "
          f"the replay client resumed {rough.follower.resumed} times")


def test_made_feeds():
    crash(made_feeds())


def test_real_feeds():
    folder = wire.CORPUS / "series"
    if folder.is_dir():
        crash(real_feeds(folder))
    else:
        print(f"  skipped: no corpus at {folder}")


if __name__ == "__main__":
    wire.main([test_made_feeds, test_real_feeds])
