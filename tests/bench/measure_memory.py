"""Memory of the daemon and of the bus, idle, with 10,000 feeds.

Each feed is read once (five small items each, so the parser, the journal and the connections have
all been used); then the daemon is started again and finds nothing due. What counts is what is resident when
nothing has happened for some seconds, shared libraries included; the notes say what is its own.
"""
import time

from rig import Origin, Row, bus_pid, daemon, folder, memory_mib, say

GOAL_MIB = 40
FEEDS, ITEMS = 10_000, 5
IDLE_S = 5


def weigh(d, bus, what):
    found = {"daemon": memory_mib(d.process.pid), "bus": memory_mib(bus)}
    for name, (rss, pss, anonymous) in found.items():
        say(f"memory, {what}: {name}: {rss:.1f} MiB resident, {pss:.1f} share, {anonymous:.1f} anonymous")
    return found


def measure(options):
    n = options.pick(FEEDS, 1_000)
    with folder() as work, Origin(ITEMS) as origin:
        origin.serve(1)
        d = daemon(work, origin, n, interval="6h")
        with d:
            bus = bus_pid(d)
            # The origin is asked, not the daemon: a list of 10,000 feeds would be its largest work.
            origin.wait_served(n, seconds=900)
            time.sleep(IDLE_S)
            polled = weigh(d, bus, "each polled once")
            d.feeds()
            listed = memory_mib(d.process.pid)
        with d:
            time.sleep(IDLE_S)
            restarted = weigh(d, bus_pid(d), "after a restart")
    suffix = f"{n:,} feeds"
    rows = []
    for name, goal in (("daemon", GOAL_MIB), ("bus", None)):
        for what, found in (("polled once", polled), ("restarted", restarted)):
            rss, pss, anonymous = found[name]
            rows.append(Row(f"memory of the {name}, {suffix}, {what}", "MiB RSS", [rss], goal, False, 1,
                            notes=[f"{pss:.1f} MiB proportional share, {anonymous:.1f} anonymous"]))
    rows[0].notes.append(f"{listed[0]:.1f} MiB resident after `civicwire feeds` has listed them all")
    return rows
