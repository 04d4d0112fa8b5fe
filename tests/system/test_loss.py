#!/usr/bin/python3
"""Live subscribers that lose messages find out, and lose nothing.

Against a wire at full speed: one stopped with SIGSTOP for 20 s, one that joins late, one for which
the end of the traffic falls into the stop (its last message of each topic and the heartbeat after it
are gone), and one across a restart of the bus. Each once in plain Python by the four rules
(four_rules.py) and once through the library (`civicwire tail`)."""
import itertools
import os
import signal
import threading
import time

import wire
from subscribers import Process, Rules, Tail, judge_rules, judge_tail, stopped

FEEDS, ITEMS = 12, 700  # items in a snapshot, all of them new: about 8,000 events a second
STOP_S = float(os.environ.get("CIVICWIRE_STOP_SECONDS", "20"))


def snapshot(name, n):
    items = "".join(
        f"<item><guid isPermaLink='false'>{name}-{n}-{i}</guid><title>Item {n}-{i}</title>"
        f"<description>{'Lorem ipsum dolor sit amet. ' * 35}</description></item>" for i in range(ITEMS))
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()


class Traffic(threading.Thread):
    """New snapshots of all feeds, as fast as the daemon reads them."""

    def __init__(self, root, names):
        super().__init__(daemon=True)
        self.root, self.names, self.over = root, names, False

    def run(self):
        for n in itertools.count(1):
            for name in self.names:
                if self.over:
                    return
                wire.put_file(self.root / f"{name}.xml", snapshot(name, n), 1_600_000_000 + 2 * n)
            time.sleep(0.7)

    def end(self):
        self.over = True
        self.join()


def stop_for(seconds, *clients):
    with stopped(*clients):
        time.sleep(seconds)


def current(daemon, *rules):
    """Waits until the clients have accounted for the whole journal."""
    head = daemon.status()["journal"]["head"]
    wire.wait_until("the clients to be up to date", lambda: all(r.accounted() >= head for r in rules), seconds=120, step=0.5)


def test_losses_are_found_and_filled():
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        names = [f"n{i}" for i in range(FEEDS)]
        for name in names:
            wire.put_file(root / f"{name}.xml", snapshot(name, 0), 1_500_000_000)
        with wire.Nginx(work, root) as nginx:
            urls = {name: nginx.url(f"{name}.xml") for name in names}
            with wire.Daemon(work, urls, settings="fetch: { parallel: 32 }") as daemon:
                try:
                    play(work, root, names, daemon)
                finally:
                    Process.end_all()
                assert daemon.stop() == 0


def play(work, root, names, daemon):
    first = Rules(daemon, work / "stopped", "feed/")
    some = Rules(daemon, work / "some", "feed/x-test/feeds/n1/", "feed/x-test/feeds/n2/")
    library = Tail(daemon, work / "library", "feed/")
    wire.wait_until("the clients to join", lambda: all(r.lines() for r in (first, some)), step=0.2)
    traffic = Traffic(root, names)
    traffic.start()
    time.sleep(3)
    late = Rules(daemon, work / "late", "feed/")
    late_library = Tail(daemon, work / "late-library", "feed/")
    time.sleep(2)
    stop_for(STOP_S, first, some, library)
    time.sleep(5)
    os.kill(daemon.status()["bus"]["pid"], signal.SIGKILL)
    time.sleep(7)
    # The traffic ends, and a heartbeat passes, while these are stopped.
    with stopped(first, library):
        time.sleep(6)
        traffic.end()
        time.sleep(8)
    time.sleep(6)
    current(daemon, first, some, late)
    judge(daemon, [first, some, late], [library, late_library])


def judge(daemon, rules, tails):
    daemon.wait_published()
    replay = wire.Replay(daemon.replay)
    journal = [int(e["sequence"]) for e in replay.all(topics=["feed/"])[0]]
    two = [int(e["sequence"]) for e in replay.all(topics=["feed/x-test/feeds/n1/", "feed/x-test/feeds/n2/"])[0]]
    wire.wait_until("the library to be up to date",
                    lambda: all(t.sequences()[-1:] == journal[-1:] or max(t.sequences()) == journal[-1] for t in tails),
                    seconds=60, step=1)
    for client in (*rules, *tails):
        client.end()
    first, some, late = rules
    losses = judge_rules("stopped for 20 s, over a restart of the bus, and over the end", first, journal)
    losses += judge_rules("two feeds of twelve, stopped likewise", some, two)
    losses += judge_rules("joined late, over a restart of the bus", late, journal)
    judge_tail("stopped", tails[0], journal)
    judge_tail("joined late", tails[1], journal)
    starts = daemon.status()["bus"]["starts"]
    assert starts == 2, f"the bus was started {starts} times"
    print(f"{losses} events lost on live in all, out of {len(journal)} in the journal")
    assert losses >= 10000 or STOP_S < 20, f"only {losses} losses: the wire was too slow for this test to say much"


if __name__ == "__main__":
    wire.main([test_losses_are_found_and_filled])
