#!/usr/bin/python3
"""Everything at once, at random, for CIVICWIRE_SOAK_MINUTES: the daemon and its bus killed, the power cut,
a disk that fails in several ways, a clock that jumps, subscribers that do not read and peers that speak
nonsense, feeds that change, break and vanish. What must hold is looked at all the while, and at the end.

All chance comes from the seed that is printed first; CIVICWIRE_SEED repeats a run. In the second half no
process is killed, so that what each takes of the machine can be told: that must not grow."""
import contextlib
import errno
import os
import random
import signal
import socket
import sys
import time

import invariants
import wire
from breakers import DAY_S, YEAR_S, Faults, child_of, cut_power
from subscribers import Follower, Process, Rules, Tail, judge_rules, judge_tail

sys.path.insert(0, str(wire.SOURCE / "tests" / "unit" / "bus"))
import zmtp  # noqa: E402

MINUTES = float(os.environ.get("CIVICWIRE_SOAK_MINUTES", "0.17"))
SEED = int(os.environ.get("CIVICWIRE_SEED", time.time_ns() % 1_000_000))
FEEDS, ITEMS, NEW = 6, 120, 15
# Of the growth of a process's memory over the second half, by the line that fits best; only a run that
# is long enough for the allocator to have come to rest can be judged.
GROWTH_KIB_MAX, JUDGED_S = 16 * 1024, 300
# The log is asked to stay below 64 MiB; a commit and a checkpoint that fails may come on top.
LOG_MAX = 2 * 64 * 1024 * 1024
SETTINGS = "journal: { max_size: 64MiB }"


def snapshot(name, n):
    first = n * NEW
    items = "".join(
        f"<item><guid isPermaLink='false'>{name}-{i}</guid><title>Item {i} of {name}</title>"
        f"<description>Edition {n // 4 if i % 9 == 0 else 0}. {'Lorem ipsum. ' * 40}</description></item>"
        for i in range(first, first + ITEMS))
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()


class Feeds:
    """What the origin serves: at each turn a feed moves on, or is broken, vanishes, is mended."""

    def __init__(self, root, chance):
        self.root, self.random, self.turn = root, chance, 0
        self.editions = {f"s{i}": 0 for i in range(FEEDS)}
        for name in self.editions:
            self.serve(name)

    def put(self, name, data):
        self.turn += 1
        wire.put_file(self.root / f"{name}.xml", data, 1_600_000_000 + 2 * self.turn)

    def serve(self, name):
        self.put(name, snapshot(name, self.editions[name]))

    def move(self):
        name = self.random.choice(list(self.editions))
        self.editions[name] += 1
        fate = self.random.random()
        if fate < 0.9:
            self.serve(name)
        elif fate < 0.94:
            whole = snapshot(name, self.editions[name])
            self.put(name, whole[:self.random.randrange(len(whole))])
        elif fate < 0.97:
            self.put(name, self.random.randbytes(5000))
        else:
            (self.root / f"{name}.xml").unlink(missing_ok=True)

    def mend(self):
        for name in self.editions:
            self.editions[name] += 1
            self.serve(name)


class Driver:
    """Does one thing after another to the daemon, and sees to it that it runs, as systemd would."""

    def __init__(self, daemon, faults, feeds, chance):
        self.daemon, self.faults, self.feeds, self.random = daemon, faults, feeds, chance
        self.done, self.peers, self.epochs, self.may_kill = {}, [], set(), True
        self.fault_ends, self.restarts = 0, 0
        self.gentle = [(self.change, 12), (self.fail, 3), (self.turn_clock, 2), (self.peer_that_is_deaf, 1),
                       (self.peer_that_lies, 1), (self.refresh, 3)]
        self.rough = [*self.gentle, (self.kill_daemon, 1), (self.kill_bus, 1), (self.cut_power, 1)]

    def run(self, seconds, actions, pause):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            action, = self.random.choices([a for a, _ in actions], [w for _, w in actions])
            self.done[action.__name__] = self.done.get(action.__name__, 0) + 1
            action()
            time.sleep(pause * self.random.random())
            self.look_after()

    def look_after(self):
        if self.fault_ends and time.monotonic() >= self.fault_ends:
            self.end_fault()
        if self.daemon.process.poll() is not None:
            # It may refuse to start on a disk that fails; nothing else ends it but us.
            assert self.fault_ends or self.daemon.process.returncode == -signal.SIGKILL, \
                f"the daemon ended by itself: {self.daemon.process.returncode}"
            self.restarts += 1
            self.daemon.start()
        with contextlib.suppress(OSError, ValueError, wire.http.client.HTTPException):
            self.epochs.add(self.daemon.status()["journal"]["epoch"])
        assert len(self.epochs) <= 1, f"a new epoch was begun, so events were lost: {self.epochs}"

    def change(self):
        for _ in range(3):
            self.feeds.move()

    def refresh(self):
        name = self.random.choice(list(self.feeds.editions))
        with contextlib.suppress(OSError, wire.http.client.HTTPException):
            self.daemon.get(f"/v1/refresh?feed={wire.feed_id(name)}", "POST")

    def fail(self):
        every = self.random.choice((1, 1, 2, 5, 20))
        if self.random.random() < 0.35:
            self.faults.fail_syncs(every)
        else:
            self.faults.fail_writes(every, self.random.choice((errno.ENOSPC, errno.EIO, 0)))
        self.fault_ends = time.monotonic() + 3 * self.random.random()

    def end_fault(self):
        self.faults.end()
        self.fault_ends = 0

    def turn_clock(self):
        self.faults.set_clock(self.random.choice((0, 0, DAY_S, -DAY_S, -10 * YEAR_S, 60, -60, YEAR_S)))
        if self.random.random() < 0.2:
            self.faults.set_clock_to(1.05 * 2 ** 32)  # some time in 2142

    def kill_daemon(self):
        self.daemon.kill()

    def cut_power(self):
        cut_power(self.daemon)

    def kill_bus(self):
        bus = child_of(self.daemon.process.pid)
        if bus:
            with contextlib.suppress(ProcessLookupError):
                os.kill(bus, signal.SIGKILL)

    def peer_that_is_deaf(self):
        """Subscribes to everything and reads nothing."""
        with contextlib.suppress(OSError, AssertionError):
            peer = zmtp.Peer(self.daemon.live, "SUB")
            peer.socket.sendall(zmtp.frame(b"\x01"))
            self.peers.append(peer)
        while len(self.peers) > 5:
            self.peers.pop(0).close()

    def peer_that_lies(self):
        endpoint = self.random.choice((self.daemon.live, self.daemon.replay))
        with contextlib.suppress(OSError):
            with socket.create_connection(zmtp.address_of(endpoint), 1) as peer:
                peer.settimeout(0.2)
                peer.sendall(zmtp.GREETING if self.random.random() < 0.5 else b"")
                peer.sendall(self.random.randbytes(2000))

    def calm(self):
        """All faults end; everything is mended, read and journaled."""
        self.end_fault()
        self.faults.set_clock(0)
        for peer in self.peers:
            peer.close()
        self.look_after()
        self.daemon.wait_ready()
        self.feeds.mend()
        self.daemon.poll_now(*self.feeds.editions)
        states = self.daemon.feeds().values()
        assert all(f["health"] == "fine" and "error" not in f for f in states), states
        status = self.daemon.status()["journal"]
        assert status["writable"] and "trouble" not in status, status


def pids(daemon):
    pid = daemon.process.pid if daemon.process else None
    return [(name, p) for name, p in (("daemon", pid), ("bus", pid and child_of(pid))) if p]


def judge_memory(gauge, since):
    """The slope over the second half; no descriptor and no thread more than in its middle."""
    for name in ("daemon", "bus"):
        samples = [s for s in gauge.of(name) if s[0] >= since]
        if len(samples) < 3:
            print(f"  {name}: no life that was long enough")
            continue
        seconds = samples[-1][0] - samples[0][0]
        by_second = invariants.slope([s[:2] for s in samples])
        early, late = samples[len(samples) // 3], samples[-1]
        print(f"  {name}: {samples[0][1]} to {late[1]} KiB over {seconds:.0f} s, slope {by_second * 3600:+.0f} KiB/h; "
              f"{early[2]} to {late[2]} descriptors, {early[3]} to {late[3]} threads")
        if seconds >= JUDGED_S:
            assert by_second * seconds < GROWTH_KIB_MAX, f"the {name} grows"
            assert late[2] <= early[2] + 20 and late[3] <= early[3] + 2, f"the {name} leaks"
    print(f"  the write-ahead log was {gauge.log_bytes / 1048576:.1f} MiB at most")
    assert gauge.log_bytes < LOG_MAX


def settled(daemon):
    """The head, once two polls of all feeds have brought nothing: a poll that was under way when the last
    editions were served has read what was there before."""
    heads = []

    def still():
        heads.append(daemon.status()["journal"]["head"])
        return heads[-1] if heads[-6:] == [heads[-1]] * 6 else 0
    return wire.wait_until("the journal to come to rest", still, step=0.5)


def judge(daemon, follower, rules, tail, chains):
    """What the clients have is one contiguous past, and what is left of it in the journal is the same."""
    head = settled(daemon)
    invariants.none_early(daemon)
    daemon.wait_published()
    for what, have in (("the replay client", lambda: (follower.sequences or [0])[-1]),
                       ("the live client by the four rules", rules.accounted),
                       ("the library", lambda: (tail.sequences() or [0])[-1])):
        wanted = follower.items[-1] if what == "the library" else head
        wire.wait_until(f"{what} to have all up to {wanted}", lambda: have() >= wanted or follower.refused, seconds=120,
                        step=0.2)
    follower.end()
    rules.end()
    tail.end()
    hole = next((seq for seq, want in zip(follower.sequences, range(1, head + 1)) if seq != want), None)
    assert not hole, f"the replay client's numbers have a hole before {hole}"
    assert len(follower.sequences) == head, f"the replay client has {len(follower.sequences)} events of {head}"
    assert len(set(follower.ids)) == head, "an id came twice"
    of = dict(zip(follower.sequences, follower.ids))
    left, _ = wire.Replay(daemon.replay).all()
    assert [(int(e["sequence"]), e["id"]) for e in left] == list(of.items())[-len(left):], "the past has changed"
    judge_rules("by the four rules", rules, follower.items)
    judge_tail("from the oldest", tail, follower.items)
    print(f"  {head} events; {len(left)} of them still in the journal; {chains.end(of)} looked at live")


def test_everything_at_once():
    chance = random.Random(SEED)
    print(f"  CIVICWIRE_SEED={SEED}, {MINUTES} minutes")
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        feeds, faults = Feeds(root, chance), Faults(work, shadow=True)
        with wire.Nginx(work, root) as nginx:
            daemon = wire.Daemon(work, {name: nginx.url(f"{name}.xml") for name in feeds.editions},
                                 settings=SETTINGS, extra=faults.environment())
            try:
                with daemon:
                    soak(daemon, faults, feeds, chance)
                    assert daemon.stop() == 0
                    invariants.stored(daemon)
            finally:
                Process.end_all()


def soak(daemon, faults, feeds, chance):
    follower, chains = Follower(daemon.replay), invariants.Chains(daemon.live)
    rules, tail = Rules(daemon, daemon.work / "rules", "feed/"), Tail(daemon, daemon.work / "tail", "feed/",
                                                                     after="oldest")
    gauge = invariants.Gauge(daemon, lambda: pids(daemon))
    driver = Driver(daemon, faults, feeds, chance)
    wire.wait_until("the live client to join", lambda: rules.accounted() >= 0)
    half, pause = MINUTES * 30, 0.5 if MINUTES < 1 else 1
    driver.run(half, driver.rough, pause)
    since = time.monotonic() + half / 4
    driver.run(half, driver.gentle, pause)
    gauge.end()
    driver.calm()
    print(f"  {driver.done}; started again {driver.restarts} times; of {faults.writes} writes {faults.failed_writes} "
          f"failed, of {faults.syncs} syncs {faults.failed_syncs}")
    judge(daemon, follower, rules, tail, chains)
    judge_memory(gauge, since)


if __name__ == "__main__":
    wire.main([test_everything_at_once])
