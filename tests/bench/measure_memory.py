"""Memory of the daemon and of the bus, idle, with 10,000 feeds.

Each feed is read once (five small items each, so the parser, the journal and the connections have
all been used), then again after a restart, answered with 304. What counts is the proportional share
(PSS) and what is resident (RSS), when nothing has happened for some seconds.
"""
import time

from rig import Origin, Row, bus_pid, daemon, folder, memory_mib, say, wire

GOAL_MIB = 40
FEEDS, ITEMS = 10_000, 5
IDLE_S = 5


def wait_polled(d, n, since):
    def all_polled():
        feeds = d.status_or_none() and d.feeds().values()
        return feeds and sum(not f["polling"] and f.get("last_poll", "") >= since for f in feeds) >= n
    wire.wait_until(f"{n} feeds to be polled", all_polled, seconds=900, step=1)
    time.sleep(IDLE_S)


def weigh(d, what):
    found = {"daemon": memory_mib(d.process.pid), "bus": memory_mib(bus_pid(d))}
    for name, (rss, pss, anonymous) in found.items():
        say(f"memory, {what}: {name}: {rss:.1f} MiB resident, {pss:.1f} share, {anonymous:.1f} anonymous")
    return found


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def measure(options):
    n = options.pick(FEEDS, 1_000)
    with folder() as work, Origin(ITEMS) as origin:
        origin.serve(1)
        d, start = daemon(work, origin, n, interval="6h"), now()
        with d:
            empty = memory_mib(d.process.pid)
            wait_polled(d, n, start)
            polled = weigh(d, "each polled once")
        with d:
            time.sleep(IDLE_S)
            restarted = weigh(d, "after a restart")
    suffix = f"{n:,} feeds"
    rows = []
    for name, goal in (("daemon", GOAL_MIB), ("bus", None)):
        for what, found in (("polled once", polled), ("restarted", restarted)):
            rss, pss, anonymous = found[name]
            rows.append(Row(f"memory of the {name}, {suffix}, {what}", "MiB RSS", [rss], goal, False, 1,
                            notes=[f"{pss:.1f} MiB proportional share, {anonymous:.1f} anonymous"]))
    rows[0].notes.append(f"{empty[0]:.1f} MiB resident when it had just begun to poll")
    return rows
