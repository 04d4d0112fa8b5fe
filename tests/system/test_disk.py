#!/usr/bin/python3
"""The disk fails under a running daemon: it is full, it gives errors, it writes half, its syncs fail, it cannot
be read; at each n-th call, and at all of them for a while. Nothing is published that is not durable, polling stops
and the bus serves on, the operator is told, and all goes on by itself when the fault ends. After each,
the power cut: what clients had is in what was synced, under the same numbers.

A real full disk besides, a small file system in a mount namespace, where that is allowed.
CIVICWIRE_LONG=1 takes every fault at every pace."""
import contextlib
import errno
import os
import pathlib
import subprocess
import sys
import time

import zmq

import invariants
import wire
from breakers import Faults, cut_power
from subscribers import Follower

LONG = bool(os.environ.get("CIVICWIRE_LONG"))
FEEDS, ITEMS, NEW = 3, 150, 40
NAMES = [f"d{i}" for i in range(FEEDS)]
FAULTS = {
    "no space": lambda f, n: f.fail_writes(n, errno.ENOSPC),
    "write errors": lambda f, n: f.fail_writes(n, errno.EIO),
    "short writes": lambda f, n: f.fail_writes(n, 0),
    "sync errors": lambda f, n: f.fail_syncs(n),
    "syncs without space": lambda f, n: f.fail_syncs(n, errno.ENOSPC),
    "read errors": lambda f, n: f.fail_reads(n),
}
PACES_OF_STARTS = (2, 3, 5, 8, 13, 21, 34, 55)
PACES = (1, 2, 3, 7, 50) if LONG else (3,)
SHORT = ("no space", "sync errors", "read errors")
FULL_MIB = 16


def snapshot(name, n):
    first = n * NEW
    items = "".join(
        f"<item><guid isPermaLink='false'>{name}-{i}</guid><title>Item {i} of {name}</title>"
        f"<description>{'Lorem ipsum. ' * 60}</description></item>"
        for i in range(first, first + ITEMS))
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()


class Machine:
    """A daemon on a disk that can be made to fail, and one who follows it all."""

    def __init__(self, work, nginx, root, state=None):
        self.nginx_log, self.root, self.edition, self.faults = nginx.requests, root, 0, Faults(work, shadow=True)
        self.serve()
        self.daemon = wire.Daemon(work, {n: nginx.url(f"{n}.xml") for n in NAMES}, extra=self.faults.environment())
        if state:
            self.daemon.state = state
            state.mkdir(exist_ok=True)

    def serve(self):
        for name in NAMES:
            wire.put_file(self.root / f"{name}.xml", snapshot(name, self.edition), 1_600_000_000 + 2 * self.edition)

    def move(self):
        self.edition += 1
        self.serve()

    def head(self):
        return self.daemon.status()["journal"]["head"]

    def failures(self):
        return self.daemon.status()["counters"]["civicwire_journal_failures_total"]

    def has_read(self):
        return self.head() >= FEEDS * (ITEMS + NEW * self.edition)

    def wait_read(self):
        """Waits until the newest edition of all feeds is journaled, of the daemon's own accord."""
        wire.wait_until(f"edition {self.edition} to be journaled", lambda: self.has_read() and
                        self.daemon.status()["journal"]["writable"], seconds=120)

    def trouble(self):
        """Waits until the daemon says that it cannot write; what it says."""
        return wire.wait_until("the trouble to be told", lambda: self.daemon.status()["journal"].get("trouble"))

    def cut_power(self, follower):
        """The power goes; what the client has must be there afterwards, the same events."""
        epoch = self.daemon.status()["journal"]["epoch"]
        cut_power(self.daemon)
        self.faults.end()  # on a disk that fails it may refuse to start
        self.daemon.start().wait_ready()
        status = self.daemon.status()["journal"]
        assert status["epoch"] == epoch, f"events were lost: {self.daemon.log_path.read_text()[-600:]}"
        assert status["head"] >= len(follower.sequences), "a client has what the journal has not"


def machine(test):
    """Runs test(machine, follower) on a daemon that has read its feeds once."""
    def run():
        with wire.folder() as work:
            root = work / "root"
            root.mkdir()
            with wire.Nginx(work, root) as nginx:
                m = Machine(work, nginx, root)
                with m.daemon:
                    m.wait_read()
                    follower = Follower(m.daemon.replay)
                    test(m, follower)
                    judge(m, follower)
                    assert m.daemon.stop() == 0
                    invariants.stored(m.daemon)
    run.__name__ = test.__name__
    return run


def judge(m, follower):
    """All editions are there, each once; the client has all of it."""
    m.faults.end()
    m.wait_read()
    m.daemon.wait_published()
    events, _ = wire.Replay(m.daemon.replay).all()
    wire.wait_until("the client to have all", lambda: len(follower.ids) >= len(events))
    follower.end()
    invariants.whole(events)
    invariants.followed(follower, events)
    published = [e for e in events if e["type"] == "org.civicwire.item.published.v1"]
    assert len(published) == FEEDS * (ITEMS + NEW * m.edition), (len(published), m.edition)


@machine
def test_each_nth_call(m, follower):
    """Faults that come and go while feeds change; after each, the power."""
    for what in FAULTS if LONG else SHORT:
        for n in PACES:
            failed = m.faults.failed
            FAULTS[what](m.faults, n)
            for _ in range(3):
                m.move()
                time.sleep(0.7)
            wire.wait_until("a fault", lambda: m.faults.failed > failed)
            if n % 2:
                m.cut_power(follower)  # in the middle of it
            m.faults.end()
            m.wait_read()
            m.cut_power(follower)
            print(f"  {what}, each {n}: {m.faults.failed - failed} failed, "
                  f"head {m.head()}")


@machine
def test_total_failure(m, follower):
    """Nothing can be written for some seconds."""
    for what in [f for f in FAULTS if f not in ("short writes", "read errors")] if LONG else ("no space",):
        outage(m, follower, what)


def outage(m, follower, what):
    before, polls = m.failures(), len(m.nginx_log())
    head, replay = m.head(), wire.Replay(m.daemon.replay)
    wire.wait_until("the client to have what there is", lambda: len(follower.ids) >= head)
    FAULTS[what](m.faults, 1)
    m.move()
    words = m.trouble()
    wire.wait_until("it to be tried again", lambda: m.failures() >= before + 2)
    # Nothing new is published; what there is, is served; health says so; nobody is polled.
    assert m.head() == head and len(follower.ids) == head, (m.head(), len(follower.ids), head)
    assert replay.ask("oldest", max=5)[0]["count"] == 5
    status, text = m.daemon.get("/healthz")
    assert status == 503 and words.encode() in text, (status, text)
    assert not m.daemon.status()["journal"]["writable"]
    after = len(m.nginx_log())
    m.move()
    time.sleep(2.5)
    assert len(m.nginx_log()) == after, "feeds are polled though nothing can be journaled"
    m.faults.end()
    m.wait_read()
    assert m.daemon.get("/healthz")[0] == 200
    log = m.daemon.log_path.read_text()
    assert "the journal cannot be written; polling stops until it can" in log and "can be written again" in log
    print(f"  {what}: \"{words}\"; {after - polls} polls until it was noticed, {m.failures() - before} tries")


@machine
def test_failed_sync_is_not_trusted(m, follower):
    """One sync fails, and its pages are lost though they can be read; the next sync of the file comes back
    well and means nothing. Whoever believes that has published what a power cut takes away."""
    for _ in range(6 if LONG else 1):
        failed = m.faults.failed_syncs
        m.faults.fail_syncs(1)
        m.move()
        wire.wait_until("a sync to fail", lambda: m.faults.failed_syncs > failed)
        m.faults.end()
        m.wait_read()
        m.cut_power(follower)


def refuses_to_start(daemon):
    """It says why, and ends."""
    told = daemon.log_path.stat().st_size
    daemon.start()
    status = daemon.process.wait(60)
    with open(daemon.log_path) as log:
        log.seek(told)
        words = log.read()
    assert status > 0, (status, words)
    return status, words


@machine
def test_reads_fail(m, follower):
    """Nothing can be read but what is in memory: neither under way nor at the start is that taken for damage, for
    an empty journal or for items that are new."""
    before, failed = m.daemon.status()["journal"], m.faults.failed_reads
    m.faults.fail_reads(1)
    for _ in range(3):
        m.move()
        time.sleep(0.7)
    bus = m.daemon.status()["bus"]["pid"]
    os.kill(bus, 9)
    wire.wait_until("another bus", lambda: m.daemon.status()["bus"].get("pid") not in (None, bus))
    with contextlib.suppress(zmq.Again):  # a bus that cannot begin is silent
        answer, events = wire.Replay(m.daemon.replay, timeout=2).ask("oldest")
        assert answer["error"] == "overloaded" and not events, answer
    assert m.faults.failed_reads > failed
    m.faults.end()
    wire.wait_until("the bus to serve", m.daemon.ping, seconds=60)
    m.wait_read()
    status = m.daemon.status()["journal"]
    assert status["epoch"] == before["epoch"] and not status.get("trouble"), (before, status)

    assert m.daemon.stop() == 0
    m.faults.fail_reads(1)
    code, words = refuses_to_start(m.daemon)
    print(f"  a start with read errors: exit {code}: {words.strip()}")
    started = 0
    m.move()
    for pace in PACES_OF_STARTS:
        m.faults.fail_reads(pace)
        m.daemon.start()
        wire.wait_until("a start, or none", lambda: m.daemon.process.poll() or m.daemon.status_or_none())
        if m.daemon.process.poll() is None:
            started += 1
            time.sleep(1)
            m.daemon.kill()
    m.faults.end()
    m.daemon.start().wait_ready()
    assert m.daemon.status()["journal"]["epoch"] == before["epoch"], m.daemon.log_path.read_text()
    print(f"  with an error now and then {started} of {len(PACES_OF_STARTS)} starts went well")
    print(f"  {m.faults.failed_reads - failed} reads failed")


def full_disk(folder):
    """In a mount namespace of its own: the journal on a file system that is filled and emptied."""
    work, disk = pathlib.Path(folder), pathlib.Path(folder) / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_MIB}m", "tmpfs", disk], check=True)
    root = work / "root"
    root.mkdir()
    with wire.Nginx(work, root) as nginx:
        m = Machine(work, nginx, root, disk / "state")
        m.faults.shadow = 0
        with m.daemon:
            m.wait_read()
            follower = Follower(m.daemon.replay)
            for _ in range(3 if LONG else 1):
                fill(m, follower, disk)
            judge(m, follower)
            assert m.daemon.stop() == 0
            invariants.stored(m.daemon)


def fill(m, follower, disk):
    before, ballast = m.failures(), disk / "ballast"
    with open(ballast, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(65536))
        except OSError as full:
            assert full.errno == errno.ENOSPC
    # There is room in the log yet, where older commits were; then there is none.
    words = None
    while not words:
        m.move()
        wire.wait_until("the edition to be journaled, or the trouble to be told",
                        lambda: m.has_read() or m.daemon.status()["journal"].get("trouble"))
        words = m.daemon.status()["journal"].get("trouble")
    # The bus can begin anew on a full disk, too.
    os.kill(m.daemon.status()["bus"]["pid"], 9)
    wire.wait_until("the bus to serve", m.daemon.ping)
    assert wire.Replay(m.daemon.replay).ask("oldest", max=5)[0]["count"] == 5
    ballast.unlink()
    m.wait_read()
    print(f"  a full disk: \"{words}\"; {m.failures() - before} tries, head {m.head()}")


def test_full_disk():
    """Ourselves again, as root of namespaces of our own."""
    try:
        probe = subprocess.run(["unshare", "-rm", "true"], capture_output=True)
    except FileNotFoundError:
        probe = None
    if not probe or probe.returncode:
        print("  skipped: no mount namespaces here")
        return
    with wire.folder() as folder:
        result = subprocess.run(["unshare", "-rm", sys.executable, __file__, folder])
        assert result.returncode == 0, "the run on a full disk failed"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        full_disk(sys.argv[1])
    else:
        wire.main([test_each_nth_call, test_total_failure, test_failed_sync_is_not_trusted, test_reads_fail,
                   test_full_disk])
