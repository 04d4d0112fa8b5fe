"""Instructions of a poll that is answered 304: the real daemon, all of its threads, over a real nginx, beside bare libcurl that asks
the same and keeps nothing (the yardstick of `bench fetch`). A busy machine counts what an idle one does. Both are slower by fifty
while they are counted, so that what is done each second falls on fewer polls: of the daemon's some hundreds."""
import json
import re
import subprocess
import time

import callgrind
import rig
from measure_fetch import SMALL, SMALL_FEED, Bench
from polled import HOSTS, Hosts, Poller
from rig import Row, say, wire

FEEDS = 2000  # some are always due: so many are not polled in their second
POLLS, QUICK_POLLS = 4000, 1000
YARDSTICK_MS = 10_000  # some 7,000 requests on a machine at rest


class Counted(Poller):
    """Without its bus, which valgrind's own program is started for in vain."""

    def start(self):
        self.log = open(self.log_path, "ab")
        command = [wire.DAEMON, "--config", self.config, "--state", self.state]
        self.process = subprocess.Popen(callgrind.command_of(command, wire.BUILD / "callgrind.polls", callgrind.OFF_AT_START),
                                        stdout=self.log, stderr=self.log, env=wire.environment())
        return self

    def instructions(self):
        """Once it has stopped."""
        return int(re.search(rf"=={self.process.pid}== Collected : (\d+)", self.log_path.read_text()).group(1))


def daemon(work, hosts, polls):
    """Instructions of a poll, each feed having been polled before."""
    d, replies = Counted(work, hosts, hosts.urls(FEEDS, [SMALL]), "1s").start(), []
    try:
        d.wait_polled()
        mark = hosts.mark()
        callgrind.switch(d.process.pid, True)
        begin = time.time()
        wire.wait_until(f"{polls} polls", lambda: len(hosts.since(mark)) >= polls, seconds=300)
        end = time.time()
        callgrind.switch(d.process.pid, False)
        replies = [status for at, status, _ in hosts.since(mark) if begin <= at < end]
    finally:
        d.stop()
    assert replies and set(replies) == {304}, set(replies)
    return d.instructions() / len(replies)


def yardstick(bench):
    """Instructions of a request, beyond those that it takes to start and to connect."""
    def asks(ms):
        n, printed = callgrind.count([rig.PROGRAMS / "bench-fetch", ms, bench.hosts.trusted, bench.condition()],
                                     wire.BUILD / "callgrind.yardstick", bench.hosts.urls(HOSTS, [SMALL]))
        return n, json.loads(printed)
    start, _ = asks(0)
    whole, got = asks(YARDSTICK_MS)
    assert got["not_modified"] and not got["failed"] + got["other"] + got["ok"], got
    return (whole - start) / got["not_modified"]


def measure(options):
    if not callgrind.available():
        say("polls: skipped, there is no valgrind")
        return []
    with rig.folder() as work:
        root = work / "root"
        root.mkdir()
        (root / SMALL).write_text(SMALL_FEED)
        with Hosts(work, root) as hosts:
            bare = yardstick(Bench(options, work, hosts, [SMALL]))
            (work / "run").mkdir()
            ours = daemon(work / "run", hosts, options.pick(POLLS, QUICK_POLLS))
    return [Row("a poll answered 304", "instructions", [ours], None, False),
            Row("the same by bare libcurl", "instructions", [bare], None, False),
            Row("304 polls ÷ the yardstick's", "times", [ours / bare], None, False, 2)]
