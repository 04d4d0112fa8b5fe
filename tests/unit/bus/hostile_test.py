"""Peers that mean no good: a real bus, one good subscriber, and what the bus makes of the others.

    hostile_test.py FIXTURE [CLASS[.test]...]
"""

import contextlib
import json
import random
import socket
import sys
import tempfile
import threading
import time
import unittest

from room import FEED, FIXTURE, OTHER, Wire, free_endpoint, receive, wait_for, zmq
from zmtp import GREETING, Peer, address_of, frame

# An attack lasts this long, or until it is over.
SECONDS = 4
# What the bus may grow by under any attack.
GROWTH = 128 << 20
# AddressSanitizer keeps what is freed for a while, up to 256 MiB, and more around what is not: there memory says nothing of the bus.
with open(FIXTURE, "rb") as fixture:
    SANITIZED = b"__asan_init" in fixture.read()


class Good(threading.Thread):
    """A subscriber that should not notice: events come all the time, and it counts them."""

    def __init__(self, wire):
        super().__init__(daemon=True)
        self.wire, self.over = wire, threading.Event()
        self.subscriber = wire.subscriber("feed/")
        self.sent = self.received = self.last = 0
        self.silence = 0  # the longest that it waited for an event, s
        self.problem = None
        self.start()

    def run(self):
        try:
            while not self.over.is_set():
                self.wire.ask(f"append 5 100 {FEED}", "head")
                self.sent += 5
                since = time.monotonic()
                while self.received < self.sent:
                    m = receive(self.subscriber)
                    if m.topic == FEED:
                        self.received += 1
                        assert m.prev == self.last, (m.prev, self.last)
                        self.last = m.seq
                self.silence = max(self.silence, time.monotonic() - since)
                time.sleep(0.02)
        except Exception as e:
            self.problem = e

    def stop(self):
        self.over.set()
        self.join(30)
        if self.problem:
            raise self.problem


class Case(unittest.TestCase):
    limits = "60 40"

    def setUp(self):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.wire = Wire(replay=free_endpoint(), live=[free_endpoint()], env={"LIMITS": self.limits}, log=self.log)
        self.addCleanup(self.close)
        self.good = Good(self.wire)
        wait_for(lambda: self.good.received > 10)
        self.pid = self.wire.stats()["pid"]
        self.before = self.memory()
        self.peers = []

    def close(self):
        self.good.over.set()
        self.good.join(30)
        for peer in self.peers:
            peer.close()
        self.wire.close()
        self.log.close()

    def memory(self):
        """Bytes of the bus, resident, at most so far."""
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))

    def attack(self, *attackers):
        threads = [threading.Thread(target=a) for a in attackers]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    def peer(self, endpoint, kind, **options):
        peer = Peer(endpoint, kind, **options)
        self.peers.append(peer)
        return peer

    def check(self, **counters):
        """The bus is the same and has not grown; the good one has got everything; the counters have risen."""
        before = self.good.received
        wait_for(lambda: self.good.received > before)
        self.good.stop()
        print(f"{self.id()}: the good one waited {self.good.silence * 1000:.0f} ms at most; "
              f"the bus grew by {(self.memory() - self.before) / (1 << 20):.1f} MiB; {self.wire.stats()}")
        self.assertEqual(self.wire.stats()["pid"], self.pid)
        self.assertEqual(self.good.received, self.good.sent)
        if not SANITIZED:
            self.assertLess(self.memory() - self.before, GROWTH)
        for name, least in counters.items():
            wait_for(lambda: self.wire.stats()[name] >= least)

    def logged(self, text):
        self.log.seek(0)
        return sum(text in line for line in self.log.read().splitlines())


class Floods(Case):
    def test_subscriptions(self):
        cut = []

        def flood():
            peer = self.peer(self.wire.live[0], "SUB")
            batch = b"".join(frame(b"\x01feed/" + random.randbytes(6).hex().encode()) for _ in range(2000))
            cut.append(peer.send_until_cut(batch))
        self.attack(*[flood] * 4)
        self.assertEqual(len(cut), 4)
        self.assertNotIn(None, cut)
        self.check(cut_bytes=4)
        self.assertEqual(self.logged("sends more than a subscriber has to say"), 1)

    def test_endless_multipart(self):
        cut = []

        def flood(endpoint, kind, size):
            cut.append(self.peer(endpoint, kind).send_until_cut(frame(bytes(size), more=True) * (100000 // size)))
        self.attack(lambda: flood(self.wire.live[0], "SUB", 900), lambda: flood(self.wire.live[0], "XSUB", 10),
                    lambda: flood(self.wire.replay, "DEALER", 60000), lambda: flood(self.wire.replay, "REQ", 10))
        self.assertEqual(len(cut), 4)
        self.assertNotIn(None, cut)
        self.check(cut_bytes=4)

    def test_large_messages(self):
        for endpoint, kind in ((self.wire.live[0], "SUB"), (self.wire.replay, "DEALER")):
            peer = self.peer(endpoint, kind)
            peer.socket.settimeout(5)
            with contextlib.suppress(OSError):
                peer.socket.sendall(frame(b"\x01" + bytes(20 << 20)))
            self.assertTrue(peer.is_cut())
        self.check()

    def test_a_talkative_subscriber(self):
        """Who says what a subscriber has to say is left alone, be it in many pieces."""
        peer = self.peer(self.wire.live[0], "SUB")
        for i in range(100):
            peer.socket.sendall(frame(b"\x01feed/%d/" % i))
            time.sleep(0.01)
        self.assertFalse(peer.is_cut(0.5))
        self.check()
        self.assertEqual(self.wire.stats()["cut_bytes"], 0)

    def test_unsubscribing_for_others(self):
        """Who unsubscribes from what it never subscribed to silences nobody."""
        peer = self.peer(self.wire.live[0], "SUB")
        for prefix in (b"feed/", FEED.encode(), b"sys/heartbeat/", b"", b"nothing/"):
            peer.socket.sendall(frame(b"\x00" + prefix))
        time.sleep(0.5)
        before = self.good.received
        wait_for(lambda: self.good.received > before + 20)
        self.check()

    def test_requests_without_reading(self):
        """Valid requests, as many as go out, and no answer is taken."""
        peer = self.peer(self.wire.replay, "DEALER")
        request = json.dumps({"v": 1, "after": "oldest", "max": 1000}).encode()
        peer.send_until_cut((frame(b"", more=True) + frame(request)) * 100, SECONDS)
        self.check()


    def test_two_that_do_not_read(self):
        """Each is set aside, and whoever else asks is answered."""
        self.wire.ask(f"append 200 20000 {OTHER}", "head")
        request = frame(b"", more=True) + frame(json.dumps({"v": 1, "after": "oldest", "max": 1000}).encode())
        for _ in range(3):
            self.peer(self.wire.replay, "DEALER").socket.sendall(request * 8)
        for _ in range(20):  # what is written to the one wakes the server for the others
            self.assertNotIn("error", self.wire.request(after="now")[0])
            time.sleep(0.05)
        self.check()


class Connections(Case):
    def connect(self, source, n):
        sockets = []
        for _ in range(n):
            try:
                s = socket.create_connection(address_of(self.wire.live[0]), 5, source_address=(source, 0))
            except ConnectionResetError:
                continue  # cut so soon that it never was
            s.settimeout(5)
            self.peers.append(s)
            sockets.append(s)
        return sockets

    def open_ones(self, sockets):
        """Those that the server has not ended; it greets everybody."""
        n = 0
        for s in sockets:
            with contextlib.suppress(OSError):
                s.sendall(GREETING)
                n += len(s.recv(64)) > 0
        return n

    def test_of_one_address_and_in_all(self):
        mine = self.connect("127.0.0.2", 45)
        time.sleep(0.5)
        self.assertLessEqual(self.open_ones(mine), 40)
        self.assertGreater(self.open_ones(self.connect("127.0.0.3", 5)), 0)
        for i in range(4, 12):
            self.connect(f"127.0.0.{i}", 10)
        time.sleep(0.5)
        self.check(cut_connections=10)
        self.assertGreaterEqual(self.logged("connections.per_address"), 1)
        self.assertGreaterEqual(self.logged("connections.all"), 1)
        self.assertEqual(self.logged("127.0.0.2 has more connections"), 1)

    def test_slow_handshake(self):
        some = self.connect("127.0.0.2", 20)
        for s in some:
            s.sendall(GREETING[:20])
        time.sleep(1)
        for s in some:
            s.settimeout(5)
            data = b"x"
            while data:  # what it greets with, and then the end
                data = s.recv(100)
        self.check(handshakes_failed=20)

    def test_churn(self):
        def churn():
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                with contextlib.suppress(OSError), \
                        socket.create_connection(address_of(self.wire.live[0]), 5) as s:
                    if random.random() < 0.5:
                        s.sendall(random.randbytes(random.randrange(100)))
        self.attack(*[churn] * 4)
        self.check(accepted=500)

    def test_noise(self):
        """What is no ZMTP, and what is nearly: the connection ends, or waits for more; never the bus."""
        random.seed(26)
        greetings = [GREETING, GREETING[:11] + b"\x01" + GREETING[12:], b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64]
        end = time.monotonic() + SECONDS
        rounds = 0
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(
                    address_of(random.choice([self.wire.live[0], self.wire.replay])), 5) as s:
                data = bytearray(random.choice(greetings) + b"".join(
                    frame(random.randbytes(random.randrange(40)), random.random() < .5, random.random() < .5)
                    for _ in range(random.randrange(6))))
                for _ in range(random.randrange(4)):
                    data[random.randrange(len(data))] = random.randrange(256)
                s.sendall(data)
                if random.random() < 0.3:
                    s.settimeout(0.05)
                    s.recv(100)
            rounds += 1
        self.assertGreater(rounds, 100)
        self.check()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:], verbosity=1, warnings="ignore")
