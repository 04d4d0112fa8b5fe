"""What breaks a running daemon: signals at random moments."""
import contextlib
import os
import pathlib
import random
import signal
import threading
import time


def child_of(pid):
    """The process that `pid` has started and that still runs; None: there is none at this moment."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name may have spaces and parentheses; what follows it has none.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                return int(stat.parent.name)
    return None


class Killer(threading.Thread):
    """kill -9 of the daemon or of its bus, whichever chance says, at random moments, until it has been
    done `kills` times. A daemon is started again; a bus is the daemon's business."""

    def __init__(self, daemon, seed, kills):
        super().__init__(daemon=True)
        self.daemon_, self.random, self.wanted = daemon, random.Random(seed), kills
        self.daemons = self.buses = 0
        self.over = False

    def run(self):
        while self.daemons + self.buses < self.wanted and not self.over:
            # Some moments fall into the start itself, most into polls and commits.
            time.sleep(self.random.choice((0.02, 0.15, 0.3, 0.5)) * (0.5 + self.random.random()))
            if self.random.random() < 0.5:
                self.kill_daemon()
            else:
                self.kill_bus()
        self.over = True

    def kill_daemon(self):
        self.daemon_.kill()
        self.daemons += 1
        self.daemon_.start()

    def kill_bus(self):
        bus = child_of(self.daemon_.process.pid)
        if bus:  # else it is between two of its lives, or the daemon has not come that far
            with contextlib.suppress(ProcessLookupError):
                os.kill(bus, signal.SIGKILL)
                self.buses += 1
