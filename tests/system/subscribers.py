"""Subscribers that account for every event, to run beside what breaks the wire.

`Follower` keeps a cursor on the replay socket; `Rules` follows the four rules of the wire protocol in
plain Python, in a process of its own; `Tail` is the library. Those that are processes are ended with
the test, however that ends."""
import contextlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import zmq

import wire

HERE = pathlib.Path(__file__).resolve().parent


class Follower(threading.Thread):
    """The reliable client of the replay socket: asks, handles, saves the cursor, asks again."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.endpoint, self.over, self.refused = endpoint, False, None
        self.ids, self.sequences, self.cursor, self.resumed = [], [], "oldest", 0
        self.items = []  # the sequences of item events: what feed/ carries
        self.start()

    def run(self):
        replay = wire.Replay(self.endpoint, timeout=2)
        while not self.over:
            try:
                head, events = replay.ask(self.cursor, wait=1)
            except zmq.Again:
                self.resumed += 1
                continue
            if "error" in head:
                if "retry_after" not in head:
                    self.refused = head
                    break
                time.sleep(0.05)
                continue
            self.ids += [e["id"] for e in events]
            self.sequences += [int(e["sequence"]) for e in events]
            self.items += [int(e["sequence"]) for e in events if e["type"].startswith("org.civicwire.item.")]
            self.cursor = head["next"]
        replay.close()

    def end(self):
        self.over = True
        self.join()
        assert not self.refused, f"replay refused the client's cursor: {self.refused}"


class Process:
    """A process that is ended with the test, however that ends."""
    running = []

    def begin(self, *arguments, **more):
        self.process = subprocess.Popen(arguments, **more)
        Process.running.append(self.process)

    def end(self):
        self.process.terminate()
        assert self.process.wait(60) == 0

    @classmethod
    def end_all(cls):
        for process in cls.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        cls.running.clear()


@contextlib.contextmanager
def stopped(*processes):
    for p in processes:
        os.kill(p.process.pid, signal.SIGSTOP)
    yield
    for p in processes:
        os.kill(p.process.pid, signal.SIGCONT)


class Lines:
    """The whole lines of a JSON file that grows, each read once: they may be many."""

    def __init__(self, path, of=lambda line: line):
        self.path, self.of, self.offset, self.items = path, of, 0, []

    def read(self):
        if self.path.exists():
            with open(self.path, "rb") as f:
                f.seek(self.offset)
                for line in f:
                    if not line.endswith(b"\n"):
                        break
                    self.offset += len(line)
                    self.items.append(self.of(json.loads(line)))
        return self.items


class Rules(Process):
    """four_rules.py in a process of its own."""

    def __init__(self, daemon, path, *topics):
        self.lines = Lines(path).read
        self.begin(sys.executable, HERE / "four_rules.py", daemon.live, daemon.replay, path, *topics)

    def accounted(self):
        """The sequence up to which it has everything; -1 before it has joined."""
        return next((line.get("verified", line.get("to", 0)) for line in reversed(self.lines())
                     if "verified" in line or "to" in line), -1)


class Tail(Process):
    """The library, through `civicwire tail --json`."""

    def __init__(self, daemon, path, *topics, after="now"):
        self.file = open(path, "wb")
        self.sequences = Lines(path, lambda event: int(event["sequence"])).read
        arguments = list(itertools.chain(*(("--topic", t) for t in topics)))
        self.begin(wire.CLI, "tail", "--json", "--after", after, "--live", daemon.live, "--replay", daemon.replay,
                   *arguments, stdout=self.file)

    def end(self):
        super().end()
        self.file.close()


def judge_rules(name, client, journal):
    """Every event of the journal after the join point came live or by a fill; every proven alarm was
    true; nothing missing stayed undetected; nothing came that the journal has not. How many were lost
    on live."""
    lines = client.lines()
    join = next(line["verified"] for line in lines if "verified" in line)
    have, losses, alarms, false_alarms = set(), 0, 0, 0
    for line in lines:
        if "live" in line:
            have.add(line["live"])
        elif "alarm" in line:
            alarm = line
        elif "filled" in line:
            missing = [s for s in line["filled"] if s not in have]
            losses += len(missing)
            alarms += 1
            if alarm["proof"] and not missing:
                false_alarms += 1
                print(f"false alarm: {alarm}")
            have.update(line["filled"])
    wanted = {s for s in journal if s > join}
    undetected = wanted - have
    assert not undetected, f"{name}: {len(undetected)} events were lost and not noticed, such as {sorted(undetected)[:3]}"
    unknown = have - set(journal)
    assert not unknown, f"{name}: {len(unknown)} events that the journal does not have, such as {sorted(unknown)[:3]}"
    assert not false_alarms, f"{name}: {false_alarms} false alarms"
    print(f"  {name}: {len(wanted)} events, {losses} lost on live, {alarms} alarms, 0 false, 0 undetected")
    return losses


def judge_tail(name, client, journal):
    got = client.sequences()
    assert len(set(got)) == len(got), f"{name}: the library handed out an event twice"
    wanted = {s for s in journal if s >= got[0]}
    assert set(got) == wanted, (f"{name}: the library lost {sorted(wanted - set(got))[:3]}, "
                                f"and has {sorted(set(got) - wanted)[:3]} too many")
    print(f"  {name} through the library: {len(got)} events, none lost, none twice")
