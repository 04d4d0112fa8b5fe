#!/usr/bin/python3
"""One subscriber stops at 5,000 events a second: nobody else notices, and it loses nothing in the end.

The journal is filled by bus_fixture.c (the program's first argument), which a daemon reading feeds could not
do at that rate beside its subscribers on a small machine; the bus is the daemon's. $CIVICWIRE_STOP_SECONDS: how
long it is stopped, at that rate."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

import subscribers
import wire

sys.path.insert(0, str(wire.SOURCE / "tests" / "unit" / "bus"))
import room  # noqa: E402

RATE, PER_COMMIT, BYTES, OTHERS = 5000, 25, 400, 3
STOP_S = float(os.environ.get("CIVICWIRE_STOP_SECONDS", "5"))
BEFORE_S, AFTER_S = 1, 2


class Other(subscribers.Process):
    """onlookers.py: one who only looks on, and measures."""

    def __init__(self, live):
        self.begin(sys.executable, wire.SOURCE / "tests" / "onlookers.py", live, "1", "feed/", stdout=subprocess.PIPE,
                   text=True)

    def wait_joined(self):
        assert self.process.stdout.readline() == "joined\n"

    def end(self):
        super().end()
        return [json.loads(line) for line in self.process.stdout]


def flow(bus):
    n = int(RATE * (BEFORE_S + STOP_S + AFTER_S))
    began = time.monotonic()
    bus.ask(f"flow {n} {PER_COMMIT} {BYTES} {RATE}", "head")
    print(f"  {n} events, {n / (time.monotonic() - began):.0f} a second")


def head(replay):
    return int(replay.ask("now")[0]["head"].split(".")[1])


def begin_phase(others):
    for other in others:
        other.process.send_signal(signal.SIGUSR1)


def play(work, bus):
    rules = subscribers.Rules(bus, work / "rules", "feed/")
    library = subscribers.Tail(bus, work / "library", "feed/")
    replay = wire.Replay(bus.replay)
    others = [Other(bus.live) for _ in range(OTHERS)]
    for other in others:
        other.wait_joined()
    wire.wait_until("the client to join", lambda: rules.accounted() >= 0, step=0.2)
    traffic = threading.Thread(target=flow, args=(bus,))
    traffic.start()
    time.sleep(BEFORE_S)
    begin_phase(others)
    until = head(replay) + RATE * STOP_S
    with subscribers.stopped(rules, library):
        wire.wait_until("the stop to be over", lambda: head(replay) >= until, 10 * STOP_S)
    begin_phase(others)
    traffic.join()
    journal = [int(e["sequence"]) for e in replay.all(topics=["feed/"])[0]]
    wire.wait_until("the stopped ones to have everything", lambda: rules.accounted() >= journal[-1]
                    and len(library.sequences()) >= len(journal), seconds=120, step=0.5)
    rules.end()
    library.end()
    losses = subscribers.judge_rules(f"stopped for {STOP_S:g} s", rules, journal)
    subscribers.judge_tail(f"stopped for {STOP_S:g} s", library, journal)
    for phases in [other.end() for other in others]:
        for name, seen in zip(("before the stop", "meanwhile", "after it"), phases, strict=True):
            print(f"  one beside it, {name}: {seen}")
        assert sum(p["gaps"] for p in phases) == 0, "who is not stopped has gaps"
        assert sum(p["events"] for p in phases) == len(journal), "who is not stopped has lost something"
    assert losses, "the stop was too short to lose anything: the test says nothing"


class Bus(room.Wire):
    """A bus that has the names which the daemon of wire.py has."""

    def __init__(self):
        live = room.free_endpoint()
        super().__init__(live=[live], replay=room.free_endpoint())
        self.live = live


def test_one_stops():
    with wire.folder() as work:
        bus = Bus()
        try:
            play(work, bus)
        finally:
            subscribers.Process.end_all()
            bus.close()


if __name__ == "__main__":
    wire.main([test_one_stops])
