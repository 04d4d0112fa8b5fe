#!/usr/bin/python3
"""The link between clients and the bus breaks: between two network namespaces, with keys, for a time and for
ever. Clients of replay and of the library miss nothing; the bus finds out who is gone and frees what it
kept for them.

$CIVICWIRE_LINK_CUTS has the lengths of the cuts, in seconds."""
import atexit
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time

import namespace
import subscribers
import test_keys
import test_library
import wire

TESTS = wire.SOURCE / "tests"
CUTS = [float(s) for s in os.environ.get("CIVICWIRE_LINK_CUTS", "3").split(",")]
LONG = "CIVICWIRE_LINK_CUTS" in os.environ
DEAD = 50


class Wire(test_library.Wire):
    """A daemon with keys, whose clients are at the other end of the link."""

    def __init__(self, work, link):
        self.link = link
        super().__init__(work, daemon=self.secure)

    def secure(self, work, feeds, **more):
        daemon = test_keys.Secure(work, feeds, **more)
        daemon.make_keys("far")
        test_keys.key(daemon, "new", "many", "--connections", "200")
        self.far_live, self.far_replay = (e.replace("127.0.0.1", self.link.here) for e in (daemon.live, daemon.replay))
        return daemon

    def library(self, *options, live=None):
        return test_library.Client(self.far_live if live is None else live, self.far_replay, "oldest",
                                   f"key={self.work}/far.key", *options, run=self.link.inside)



class Far(subscribers.Process):
    """A Python program at the other end."""

    def __init__(self, w, name, *arguments):
        self.begin(*w.link.inside(sys.executable, TESTS / name, *arguments), stdout=subprocess.PIPE, text=True)


class News(threading.Thread):
    """Some items every half second."""

    def __init__(self, w):
        super().__init__(daemon=True)
        self.wire, self.over = w, False
        self.start()

    def run(self):
        while not self.over:
            self.wire.add(20)
            time.sleep(0.5)

    def stop(self):
        self.over = True
        self.join()


class Manual(Far):
    """askers.py."""

    def __init__(self, w, n):
        self.n, self.path = n, w.work / "manual"
        super().__init__(w, "askers.py", w.far_replay, str(n), self.path, f"key={w.work}/far.key")

    def sequences(self):
        """What each has got."""
        got = [[] for _ in range(self.n)]
        if self.path.exists():
            for line in self.path.read_text().splitlines(True):
                if line.endswith("\n"):
                    i, _, new = json.loads(line)
                    got[i] += new
        return got


def wait_all(w, manual, libraries, since):
    """Waits until every client has everything; how long each kind took."""
    wanted, took, end = list(range(1, w.last + 1)), {}, since + 150
    while len(took) < 1 + len(libraries):
        assert time.monotonic() < end, f"only {', '.join(took) or 'nobody'} has everything"
        got = {name: [client.events()] for name, client in libraries.items()}
        got["the manual's replay"] = manual.sequences()
        for name, lists in got.items():
            if all(len(g) >= len(wanted) for g in lists):
                took.setdefault(name, time.monotonic() - since)
        time.sleep(0.1)
    for name, lists in got.items():
        assert all(sorted(g) == wanted for g in lists), f"{name} has got an event twice, or not"
    return took


def test_cuts():
    with wire.folder() as work, namespace.Link() as link, Wire(work, link) as w:
        manual = Manual(w, 5)
        libraries = {"the library": w.library(), "the library's replay": w.library(live="")}
        wait_all(w, manual, libraries, time.monotonic())
        for seconds, silently in itertools.product(CUTS, (True, False) if LONG else (True,)):
            news = News(w)
            time.sleep(1)
            before = w.last
            link.cut(silently)
            time.sleep(seconds)
            link.mend(silently)
            mended = time.monotonic()
            missed = w.last - before
            news.stop()
            took = wait_all(w, manual, libraries, mended)
            print(f"  cut {'silently' if silently else 'openly'} for {seconds:g} s, {missed} events meanwhile; everything was "
                  "there " + ", ".join(f"{s:.1f} s ({name})" for name, s in sorted(took.items())) + " after")
        manual.end()
        for client in libraries.values():
            client.end()


def memory(w):
    pid = w.daemon.status()["bus"]["pid"]
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024


def connections(w):
    return w.daemon.status()["bus"]["connections"]


def test_dead_peers_are_found():
    """They go with their link: no packet of theirs says so."""
    with wire.folder() as work, namespace.Link() as link, Wire(work, link) as w:
        used = []
        for silently in (True, False) if LONG else (True,):
            before, rss = connections(w), memory(w)
            many = Far(w, "onlookers.py", w.far_live, str(DEAD), f"key={work}/many.key", "")
            assert many.process.stdout.readline() == "joined\n"
            assert connections(w) >= before + DEAD
            link.cut(silently)
            cut = time.monotonic()
            many.process.kill()
            many.process.wait()
            w.add(500)
            peak = memory(w)
            wire.wait_until("the bus to find out", lambda: connections(w) <= before, 90)
            took = time.monotonic() - cut
            link.mend(silently)
            wire.wait_until("the new one to go", lambda: connections(w) <= before)
            used.append(memory(w))
            print(f"  {DEAD} subscribers went with their link ({'silently' if silently else 'openly'}): found after "
                  f"{took:.1f} s; the bus has {rss:.1f} MB before, {peak:.1f} MB at most, {used[-1]:.1f} MB after")
            assert took < 30, "who is gone is kept for too long"


if __name__ == "__main__":
    namespace.enter()
    atexit.register(subscribers.Process.end_all)
    wire.main([test_dead_peers_are_found, test_cuts])
