"""What breaks a running daemon: signals at random moments, and a machine that fails on request."""
import contextlib
import errno
import mmap
import os
import pathlib
import random
import shutil
import signal
import struct
import sys
import threading
import time

import wire


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


DAY_S = 86400
YEAR_S = 365 * DAY_S


class Faults:
    """faults.c, preloaded into a daemon: Daemon(…, extra=faults.environment()). All members may be set
    while it runs."""
    # Where each member of its struct is, and what it is.
    LAYOUT = {"clock_us": (0, "<q"), "write_every": (8, "<I"), "write_error": (12, "<I"), "sync_every": (16, "<I"),
              "sync_error": (20, "<I"), "shadow": (24, "<I"), "read_every": (28, "<I"), "writes": (32, "<Q"), "syncs": (40, "<Q"),
              "failed_writes": (48, "<Q"), "failed_syncs": (56, "<Q"), "reads": (64, "<Q"), "failed_reads": (72, "<Q")}
    SIZE = 80
    LIBRARY = wire.BUILD / "tests" / "system" / "civicwire-faults.so"

    def __init__(self, work, shadow=False):
        if not self.LIBRARY.exists():
            print(f"skipped: {self.LIBRARY} is not built (a sanitiser is)")
            sys.exit(wire.SKIP)
        self.path = pathlib.Path(work) / "faults.so"
        self.path.symlink_to(self.LIBRARY)
        control = self.path.with_name("faults.so.control")
        control.write_bytes(bytes(self.SIZE))
        with open(control, "r+b") as f:
            self.__dict__["map"] = mmap.mmap(f.fileno(), self.SIZE)
        self.shadow = int(shadow)

    def __getattr__(self, name):
        if name not in Faults.LAYOUT:
            raise AttributeError(name)
        offset, kind = self.LAYOUT[name]
        return struct.unpack_from(kind, self.map, offset)[0]

    def __setattr__(self, name, value):
        if name in Faults.LAYOUT:
            offset, kind = self.LAYOUT[name]
            struct.pack_into(kind, self.map, offset, value)
        else:
            super().__setattr__(name, value)

    @property
    def failed(self):
        """Calls that have failed so far."""
        return self.failed_reads + self.failed_writes + self.failed_syncs

    def environment(self):
        return {"LD_PRELOAD": str(self.path)}

    def fail_writes(self, every, error):
        """Each n-th write of the journal's files; error 0: it is a short one."""
        self.write_error, self.write_every = error, every

    def fail_syncs(self, every, error=errno.EIO):
        self.sync_error, self.sync_every = error, every

    def fail_reads(self, every):
        """With EIO, of the daemon and of the bus."""
        self.read_every = every

    def end(self):
        self.read_every = self.write_every = self.sync_every = 0

    def set_clock(self, seconds):
        """Turns the wall clock to so many seconds from the right time."""
        self.clock_us = int(seconds * 1_000_000)

    def set_clock_to(self, unix_s):
        self.set_clock(unix_s - time.time())


def cut_power(daemon):
    """kill -9, and of the journal's files only what was synced is left (Faults with shadow=True). The
    daemon is not started again."""
    daemon.kill()
    for name in ("journal.db", "journal.db-wal"):
        durable = daemon.state / f"{name}.durable"
        if durable.exists():
            shutil.move(durable, daemon.state / name)
    (daemon.state / "journal.db-shm").unlink(missing_ok=True)
