#!/usr/bin/python3
"""kill -9 of the daemon, fifty times, at random moments while feeds change: the events are those of
an undisturbed run, the sequences have no hole, no id appears twice, and a replay client that keeps
its cursor gets each event once."""
import contextlib
import os
import random
import threading
import time

import zmq

import wire

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


class Client(threading.Thread):
    """The reliable client: asks, handles, saves the cursor, asks again."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.endpoint, self.over = endpoint, False
        self.ids, self.sequences, self.cursor, self.resumed = [], [], "oldest", 0
        self.start()

    def run(self):
        replay = wire.Replay(self.endpoint, timeout=2)
        while not self.over:
            try:
                head, events = replay.ask(self.cursor, wait=1)
            except zmq.Again:
                self.resumed += 1
                continue
            if "error" in head:
                assert "retry_after" in head, head
                time.sleep(0.05)
                continue
            self.ids += [e["id"] for e in events]
            self.sequences += [int(e["sequence"]) for e in events]
            self.cursor = head["next"]
        replay.close()


class Killer(threading.Thread):
    """kill -9, start again, after random times, until it has done so often enough."""

    def __init__(self, daemon, seed):
        super().__init__(daemon=True)
        self.daemon_, self.random, self.kills, self.over = daemon, random.Random(seed), 0, False

    def run(self):
        while self.kills < KILLS and not self.over:
            # Some moments fall into the start itself, most into polls and commits.
            time.sleep(self.random.choice((0.02, 0.15, 0.3, 0.5)) * (0.5 + self.random.random()))
            self.daemon_.kill()
            self.kills += 1
            self.daemon_.start()
        self.over = True


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
    """Plays at least that many snapshots, and when disturbed until the killer is done."""
    root = work / "root"
    root.mkdir(parents=True)
    for name, edition in feeds.items():
        wire.put_file(root / f"{name}.xml", edition(0), 1_500_000_000)
    with wire.Nginx(work, root) as nginx:
        daemon = wire.Daemon(work, {name: nginx.url(f"{name}.xml") for name in feeds}, interval="6h")
        with daemon:
            client = Client(daemon.replay)
            killer = Killer(daemon, 20261123)
            if disturb:
                killer.start()
            n = 0
            while n < snapshots or (disturb and not killer.over):
                serve_and_wait(daemon, root, feeds, n)
                n += 1
            if disturb:
                killer.join()
                daemon.wait_ready()
            daemon.wait_published()
            events, _ = wire.Replay(daemon.replay).all()
            wire.wait_until("the client to have all", lambda: len(client.ids) >= len(events))
            client.over = True
            client.join()
            assert daemon.stop() == 0
            return events, client, killer.kills, n


def item_events(events):
    return {e["id"] for e in events if e["type"].startswith("org.civicwire.item.")}


def crash(feeds):
    with wire.folder() as rough, wire.folder() as calm:
        events, client, kills, played = play(rough, feeds, SNAPSHOTS, True)
        undisturbed, _, _, _ = play(calm, feeds, played, False)
    assert kills >= KILLS, kills
    wire.check_sequence(events, first=1)
    wire.check_sequence(undisturbed, first=1)
    assert client.sequences == [int(e["sequence"]) for e in events], "the client's events are not the journal's"
    assert len(set(client.ids)) == len(client.ids), "the client got an id twice"
    want, got = item_events(undisturbed), item_events(events)
    assert want == got, (f"{len(want - got)} events are missing, such as {sorted(want - got)[:3]}; "
                         f"{len(got - want)} are too many, such as {sorted(got - want)[:3]}")
    print(f"{kills} kills over {played} snapshots; {len(undisturbed)} events undisturbed, {len(events)} disturbed; "
          f"the client resumed {client.resumed} times")


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
