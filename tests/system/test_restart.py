#!/usr/bin/python3
"""The bus is killed, the daemon is stopped and killed, under many clients that wait for news: each has an answer
again soon, and each gets what came since.

$CIVICWIRE_WAITING: how many."""
import atexit
import json
import os
import signal
import sys
import time

import subscribers
import test_library
import wire

CLIENTS = int(os.environ.get("CIVICWIRE_WAITING", "100"))
PROCESSES = 5
# What clients wait for news, and then for an answer that does not come.
WAIT_S, PATIENCE_S = 4, 3


class Waiting(subscribers.Process):
    """askers.py: a fifth of them."""

    def __init__(self, w, n):
        self.path = w.work / f"waiting-{n}"
        self.begin(sys.executable, wire.SOURCE / "tests" / "askers.py", w.daemon.replay, str(CLIENTS // PROCESSES),
                   self.path, "after=oldest", f"wait={WAIT_S}", f"patience={PATIENCE_S}")

    def replies(self):
        """[who, when, what came]"""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines(True) if line.endswith("\n")]


def sequences(crowd):
    """What each has got."""
    got = {}
    for process in crowd:
        for i, _, new in process.replies():
            got.setdefault((process, i), []).extend(new)
    return list(got.values())


def first_replies(crowd, since):
    """When each had its first reply, in order."""
    first = {}
    for process in crowd:
        for i, when, _ in process.replies():
            if when > since:
                first.setdefault((process, i), when - since)
    return sorted(first.values())


def wait_all(w, crowd):
    wanted = list(range(1, w.last + 1))
    wire.wait_until("all to have everything", lambda: len(sequences(crowd)) == CLIENTS and all(
        len(g) >= len(wanted) for g in sequences(crowd)), seconds=90, step=0.2)
    assert all(g == wanted for g in sequences(crowd)), "somebody has got an event twice, or out of order"


def kill_bus(daemon):
    os.kill(daemon.status()["bus"]["pid"], signal.SIGKILL)


def restart(daemon):
    assert daemon.stop() == 0
    daemon.start()


def kill_daemon(daemon):
    daemon.kill()
    daemon.start()


def crowded_daemon(work, feeds, **more):
    limits = f"connections: {{ all: {4 * CLIENTS + 100}, per_address: {4 * CLIENTS + 100} }}\n"
    return wire.Daemon(work, feeds, settings=limits, **more)


def test_all_go_on():
    with wire.folder() as work, test_library.Wire(work, daemon=crowded_daemon) as w:
        crowd = [Waiting(w, n) for n in range(PROCESSES)]
        wait_all(w, crowd)
        for what, trouble in (("the bus was killed", kill_bus), ("the daemon was restarted", restart),
                              ("the daemon was killed", kill_daemon)):
            wire.wait_until("all to wait", lambda: w.daemon.status()["bus"]["replay_waiting"] > CLIENTS * 0.9, step=0.02)
            began = time.monotonic()
            trouble(w.daemon)
            over = time.monotonic()
            w.daemon.wait_ready()
            w.add(5)
            wait_all(w, crowd)
            took = [over - began + s for s in first_replies(crowd, over)]
            assert len(took) == CLIENTS
            print(f"  {what}: of {CLIENTS} waiting clients half were answered after {took[len(took) // 2]:.1f} s, all after "
                  f"{took[-1]:.1f} s")
        for process in crowd:
            process.end()


if __name__ == "__main__":
    atexit.register(subscribers.Process.end_all)
    wire.main([test_all_go_on])
