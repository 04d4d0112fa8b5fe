"""What the tests of the bus stand on: a fixture (bus_fixture.c) with a real bus, and plain ZeroMQ
clients. The program's first argument is the fixture."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from ports import free_port  # noqa: E402

try:
    import zmq
except ImportError:
    print("skipped: this Python has no zmq module (Debian: python3-zmq)")
    sys.exit(77)

FIXTURE = sys.argv[1]
FEED = "feed/co-mde/aci/noticias/"
CLIMATE = "theme/climate/co-mde/aci/noticias/"
NETWORK = "network/al-las/co-mde/aci/noticias/"
OTHER = "feed/mx-mex/cgai/noticias/"
HEARTBEAT = "sys/heartbeat/"
RECEIVE_MS = 10000


class Wire:
    """A fixture and its bus, and the sockets that a test opens to it."""

    def __init__(self, audiences=("",), folder=None, replay=None, live=None, replay_options="", env=None, log=None):
        """What the fixture takes behind an endpoint stands in `audiences` and `replay_options`."""
        self.folder = folder or tempfile.TemporaryDirectory(prefix="cw-bus-")
        path = self.folder.name
        self.replay = replay or f"ipc://{path}/replay"
        self.live = live or [f"ipc://{path}/live{i}" for i in range(len(audiences))]
        specs = [e + a for e, a in zip(self.live, audiences)]
        self.process = subprocess.Popen([FIXTURE, f"{path}/journal.db", self.replay + replay_options] + specs,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env=dict(os.environ, **(env or {})))
        self.asking = threading.Lock()
        self.epoch = self.hear("epoch")
        self.hear("ready")
        self.context = zmq.Context()

    def hear(self, word):
        for line in self.process.stdout:
            first, _, rest = line.strip().partition(" ")
            if first == word:
                return rest
        raise AssertionError(f"the fixture ended before it said '{word}'")

    def ask(self, command, word):
        with self.asking:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            return self.hear(word)

    def append(self, *topics, n=1, size=20, heard=True):
        """Appends, and waits until the bus has heard of it: a head is on its way for a moment."""
        head = int(self.ask(f"append {n} {size} {' '.join(topics)}", "head"))
        if not heard:
            return head
        wait_for(lambda: int(self.request(after="now")[0]["head"].split(".")[1]) >= head)
        return head

    def stats(self):
        return json.loads(self.ask("stats", "stats"))

    def socket(self, kind, endpoint=None, **options):
        s = self.context.socket(kind)
        s.linger = 0
        s.rcvtimeo = RECEIVE_MS
        for name, value in options.items():
            s.setsockopt(getattr(zmq, name.upper()), value)
        s.connect(endpoint or self.replay)
        return s

    def subscriber(self, *topics, endpoint=0, joined=True):
        """A SUB that follows rule 1: its topics first, heartbeats last; waits to be joined."""
        s = self.socket(zmq.SUB, self.live[endpoint], rcvhwm=0)
        for topic in topics + (HEARTBEAT,):
            s.subscribe(topic)
        if joined:
            s.rcvtimeo = 12000
            while receive(s).topic != HEARTBEAT:
                pass
        return s

    def request(self, socket=None, **question):
        s = socket or self.socket(zmq.REQ)
        question.setdefault("v", 1)
        question.setdefault("after", "oldest")
        s.send_json(question)
        head, *events = s.recv_multipart()
        return json.loads(head), [json.loads(e) for e in events]

    def cursor(self, seq):
        return f"{self.epoch}.{seq}"

    def close(self):
        self.context.destroy(linger=0)
        self.process.stdin.close()
        left = self.process.stdout.read().split("\n")
        status = self.process.wait(20)
        self.process.stdout.close()
        assert status == 0, f"the fixture ended with {status}"
        assert "ended" in left, left


class Message:
    def __init__(self, frames):
        assert len(frames) == 3, frames
        self.topic = frames[0].decode()
        self.version, self.epoch, seq, prev, time_us = frames[1].decode("ascii").split(" ")
        self.seq, self.prev, self.time_us = int(seq), int(prev), int(time_us)
        self.body = json.loads(frames[2])


def receive(s):
    return Message(s.recv_multipart())


def seqs(events):
    return [int(e["sequence"]) for e in events]


class Case(unittest.TestCase):
    audiences = ("",)

    def setUp(self):
        self.wire = Wire(self.audiences)
        self.addCleanup(lambda: self.wire.close())


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain")
        time.sleep(0.1)


def free_endpoint():
    return "tcp://127.0.0.1:%d" % free_port()
