"""Who may read: a real bus with CURVE endpoints, plain ZeroMQ clients with all kinds of keys.

    keys_test.py FIXTURE [CLASS[.test]...]
"""

import ctypes
import itertools
import json
import os
import sys
import threading
import time
import unittest

from room import CLIMATE, FEED, HEARTBEAT, NETWORK, OTHER, Wire, free_endpoint, receive, seqs, wait_for, zmq

ALL = "feed/,theme/,network/,kind/,sys/"
# How long a client that is refused is listened to: several of its own attempts to connect.
REFUSED_MS = 1500


class Keys:
    """A server's key and those of clients, and a bus that knows them."""

    def __init__(self, audiences=(";curve",), replay_options=";curve", limits="1000 1000", folder=None, **options):
        self.server, secret = (k.decode() for k in zmq.curve_keypair())
        self.pairs, self.clients = {}, {}
        self.file = f"/tmp/cw-server-{os.getpid()}.key"
        with open(self.file, "w") as f:
            f.write(f'metadata\ncurve\n    public-key = "{self.server}"\n    secret-key = "{secret}"\n')
        self.wire = Wire(audiences, folder=folder, replay=free_endpoint(),
                         live=[free_endpoint() for _ in audiences], replay_options=replay_options,
                         env={"SERVER_KEY": self.file, "LIMITS": limits}, **options)

    def add(self, name, topics=ALL, expires_ms=0, revoked=0, connections=16):
        self.pairs.setdefault(name, tuple(k.decode() for k in zmq.curve_keypair()))
        self.clients[name] = f"{name}|{self.pairs[name][0]}|{topics}|{expires_ms}|{revoked}|{connections}"

    def tell(self):
        """The bus gets the table; heads behind it in the channel show that it has."""
        self.wire.ask("clients " + " ".join(self.clients.values()), "clients")
        time.sleep(0.2)

    def options(self, name, server=None):
        public, secret = self.pairs[name]
        return {"curve_serverkey": (server or self.server).encode(), "curve_publickey": public.encode(),
                "curve_secretkey": secret.encode()}

    def asker(self, name=None, **more):
        options = dict(self.options(name) if name else {}, **more)
        return self.wire.socket(zmq.DEALER, **options)

    def subscriber(self, name=None, endpoint=0, topics=("",), **more):
        options = dict(self.options(name) if name else {}, **more)
        s = self.wire.socket(zmq.SUB, self.wire.live[endpoint], **options)
        for topic in topics:
            s.subscribe(topic)
        s.subscribe(HEARTBEAT)
        return s

    def close(self):
        self.wire.close()
        os.unlink(self.file)


def ask(s, wait_ms=5000, **question):
    """The head and the events of an answer; None: no answer came."""
    s.send_multipart([b"", json.dumps(dict({"v": 1, "after": "oldest"}, **question)).encode()])
    if not s.poll(wait_ms):
        return None
    _, head, *events = s.recv_multipart()
    return json.loads(head), [json.loads(e) for e in events]


def hears(s, wait_ms=12000):
    """Does anything at all come?"""
    return bool(s.poll(wait_ms))


class Stopped:
    """One thread of another process, stopped (ptrace(2)) until that process ends."""
    SEIZE, INTERRUPT, ALL = 0x4206, 0x4207, 0x40000000

    def __init__(self, thread):
        self.libc, self.thread = ctypes.CDLL(None, use_errno=True), thread
        self.holds = None
        self.ready = threading.Event()
        # Whoever stops it must wait for it: all of it in one thread of ours.
        self.tracer = threading.Thread(target=self.trace, daemon=True)
        self.tracer.start()
        self.ready.wait(10)

    def trace(self):
        ptrace = self.libc.ptrace
        ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.holds = ptrace(self.SEIZE, self.thread, None, None) == 0 and \
            ptrace(self.INTERRUPT, self.thread, None, None) == 0
        if self.holds:
            os.waitpid(self.thread, self.ALL)
        self.ready.set()
        while self.holds:
            try:
                _, status = os.waitpid(self.thread, self.ALL)
            except ChildProcessError:
                return
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                return


class Case(unittest.TestCase):
    options = {}

    def setUp(self):
        self.keys = Keys(**self.options)
        self.wire = self.keys.wire
        self.addCleanup(self.keys.close)

    def fill(self, *commands):
        for command in commands:
            self.wire.ask(command, "head")

    def assert_refused(self, **how):
        name = how.pop("name", None)
        self.assertIsNone(ask(self.keys.asker(name, **how), REFUSED_MS))
        self.assertFalse(hears(self.keys.subscriber(name, **how), REFUSED_MS))


class Admission(Case):
    """The matrix: who shows what at which endpoint."""
    options = {"audiences": (";curve", ";curve;client=archive"), "replay_options": ";curve;client=archive;client=late"}

    def setUp(self):
        super().setUp()
        self.keys.add("archive")
        self.keys.add("late", expires_ms=1)
        self.keys.add("gone", revoked=1)
        self.keys.add("other")
        self.keys.pairs["stranger"] = tuple(k.decode() for k in zmq.curve_keypair())
        self.keys.tell()
        self.fill(f"append 3 10 {FEED}")

    def test_matrix(self):
        good = self.keys.subscriber("archive")
        self.assertTrue(hears(good))
        self.assertTrue(hears(self.keys.subscriber("archive", 1)))
        wait_for(lambda: len((ask(self.keys.asker("archive")) or ({}, []))[1]) == 3)
        before = self.wire.stats()
        self.assert_refused()                                       # no key at all
        self.assert_refused(name="stranger")                        # a key that nobody knows
        self.assert_refused(name="gone")                            # revoked
        self.assert_refused(name="late")                            # expired
        self.assertIsNone(ask(self.keys.asker("other"), REFUSED_MS))  # right key, wrong endpoint
        self.assertFalse(hears(self.keys.subscriber("other", 1), REFUSED_MS))
        self.assertTrue(hears(self.keys.subscriber("other", 0)))    # … and the right one
        # A public key without its secret half, and the key of another server.
        public = self.keys.pairs["archive"][0].encode()
        self.assert_refused(name="stranger", curve_publickey=public)
        self.assert_refused(name="archive", curve_serverkey=zmq.curve_keypair()[0])
        wait_for(lambda: self.wire.stats()["refused"] > before["refused"])
        # Nobody else has noticed.
        self.fill(f"append 1 10 {OTHER}")
        while receive(good).topic != OTHER:
            pass

    def test_refused_hear_nothing(self):
        """Not even a byte of ZMTP's ERROR, by which a client would learn that the key is the reason."""
        s = self.keys.subscriber("stranger")
        monitor = s.get_monitor_socket()
        s.connect(self.wire.live[0])
        seen = []
        deadline = time.monotonic() + REFUSED_MS / 1000
        while time.monotonic() < deadline:
            if monitor.poll(100):
                seen.append(int.from_bytes(monitor.recv_multipart()[0][:2], "little"))
        self.assertIn(zmq.EVENT_CONNECTED, seen)
        self.assertNotIn(zmq.EVENT_HANDSHAKE_SUCCEEDED, seen)
        self.assertNotIn(zmq.EVENT_HANDSHAKE_FAILED_AUTH, seen)
        s.disable_monitor()

    def test_a_key_that_is_made_later(self):
        self.keys.pairs["new"] = tuple(k.decode() for k in zmq.curve_keypair())
        s = self.keys.subscriber("new")
        self.assertFalse(hears(s, REFUSED_MS))
        self.keys.add("new")
        self.keys.tell()
        self.assertTrue(hears(s))  # it has gone on trying

    def test_many_clients(self):
        """The table is longer than a packet of the channel, and than its buffer."""
        for i in range(1800):
            self.keys.add(f"client-{i}", topics="feed/co-mde/aci/noticias/,theme/climate/,theme/mobility/")
            if i == 900:
                self.keys.tell()
        self.keys.tell()
        time.sleep(1)
        self.keys.clients = {n: c for n, c in self.keys.clients.items() if n != "client-7"}
        self.keys.tell()
        wait_for(lambda: ask(self.keys.asker("archive"), 1000))
        self.assertIsNone(ask(self.keys.asker("client-7"), REFUSED_MS))

    def test_guard_that_hangs(self):
        """While nobody answers for keys nobody comes in, and then the bus ends: a new one answers."""
        pid = self.wire.stats()["pid"]
        thread = next(int(t) for t in os.listdir(f"/proc/{pid}/task")
                      if open(f"/proc/{pid}/task/{t}/comm").read().strip() == "bus-guard")
        stopped = Stopped(thread)
        if not stopped.holds:
            self.skipTest("this system lets nobody stop a thread (ptrace)")
        before = time.monotonic()
        self.assertIsNone(ask(self.keys.asker("archive"), REFUSED_MS))
        self.assertIsNone(ask(self.keys.asker("stranger"), REFUSED_MS))
        self.wire.hear("ready")
        stopped.tracer.join(10)
        print(f"the bus was given up after {time.monotonic() - before:.1f} s")
        self.assertNotEqual(self.wire.stats()["pid"], pid)
        wait_for(lambda: ask(self.keys.asker("archive"), 1000))

    def test_after_a_new_start(self):
        self.wire.ask("kill", "killed")
        self.wire.hear("ready")
        wait_for(lambda: ask(self.keys.asker("archive"), 1000))
        self.assert_refused(name="gone")


class Revocation(Case):
    def setUp(self):
        super().setUp()
        for name in ("a", "b"):
            self.keys.add(name)
        self.keys.tell()

    def joined(self, name):
        s = self.keys.subscriber(name)
        self.assertTrue(hears(s))
        return s

    def expect_cut(self, change):
        a, b = self.joined("a"), self.joined("b")
        asker_a, asker_b = self.keys.asker("a"), self.keys.asker("b")
        self.assertTrue(ask(asker_a) and ask(asker_b))
        waiting = self.keys.asker("a")
        waiting.send_multipart([b"", json.dumps({"v": 1, "after": self.wire.cursor(0), "wait": 60}).encode()])
        wait_for(lambda: self.wire.stats()["replay_waiting"] == 1)
        monitor = b.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        change()
        wait_for(lambda: self.wire.stats()["cut_rights"] >= 2)
        self.fill(f"append 5 10 {FEED}")
        topics = [receive(b).topic for _ in range(6)]
        self.assertEqual(topics.count(FEED), 5)
        while a.poll(REFUSED_MS):
            self.assertEqual(receive(a).topic, HEARTBEAT)
        self.assertFalse(waiting.poll(0))
        self.assertIsNone(ask(asker_a, REFUSED_MS))
        self.assertEqual(len(ask(asker_b)[1]), 5)
        self.assertFalse(monitor.poll(0), "the connection of another client was cut")
        b.disable_monitor()

    def test_revoked(self):
        def change():
            self.keys.add("a", revoked=1)
            self.keys.tell()
        self.expect_cut(change)

    def test_removed(self):
        def change():
            del self.keys.clients["a"]
            self.keys.tell()
        self.expect_cut(change)

    def test_no_longer_enough_for_the_endpoint(self):
        a = self.joined("a")
        self.keys.add("a", topics="theme/")
        self.keys.tell()
        wait_for(lambda: self.wire.stats()["cut_rights"] >= 1)
        self.fill(f"append 5 10 {FEED} {CLIMATE}")
        while a.poll(REFUSED_MS):
            self.assertEqual(receive(a).topic, HEARTBEAT)

    def test_expires(self):
        def change():
            self.keys.add("a", expires_ms=1500)
            self.keys.tell()
        self.expect_cut(change)

    def test_rights_change_while_a_request_waits(self):
        s = self.keys.asker("a")
        s.send_multipart([b"", json.dumps({"v": 1, "after": self.wire.cursor(0), "wait": 60}).encode()])
        wait_for(lambda: self.wire.stats()["replay_waiting"] == 1)
        self.keys.add("a", topics="theme/")
        self.keys.tell()
        self.assertTrue(s.poll(5000))
        head = json.loads(s.recv_multipart()[1])
        self.assertEqual(head["error"], "overloaded")
        self.assertIn("retry_after", head)
        self.fill(f"append 1 10 {FEED}", f"append 1 10 {FEED} {CLIMATE}")
        wait_for(lambda: seqs(ask(s)[1]) == [2])

    def test_too_many_connections_of_a_key(self):
        self.keys.add("few", connections=2)
        self.keys.tell()
        first, second = self.joined("few"), self.joined("few")
        third = self.keys.subscriber("few")
        wait_for(lambda: self.wire.stats()["cut_connections"] >= 1)
        self.fill(f"append 1 10 {FEED}")
        for s in (first, second):
            while receive(s).topic != FEED:
                pass
        third.close()


class Rights(unittest.TestCase):
    """Every combination of rights, question and event: what comes is what may come."""
    TOPICS = [FEED, OTHER, CLIMATE, NETWORK, "kind/alert/co-mde/aci/noticias/"]
    RIGHTS = ["feed/", "feed/co-mde/", "feed/co-mde/aci/noticias/", "theme/", "theme/climate/", "network/al-las/",
              "kind/", "sys/", "theme/climate/mx-mex/"]

    def test_replay(self):
        keys = Keys()
        self.addCleanup(keys.close)
        events = {}
        for n in (1, 2, 3):
            for topics in itertools.combinations(self.TOPICS, n):
                events[int(keys.wire.ask(f"append 1 10 {' '.join(topics)}", "head"))] = topics
        rights = [r for n in (1, 2) for r in itertools.combinations(self.RIGHTS, n)]
        for i, some in enumerate(rights):
            keys.add(f"k{i}", topics=",".join(some))
        keys.tell()
        answered = forbidden = 0
        for i, some in enumerate(rights):
            s = keys.asker(f"k{i}")
            wait_for(lambda: int(ask(s, after="now")[0]["head"].split(".")[1]) == len(events))
            may = [seq for seq, topics in events.items() if any(t.startswith(some) for t in topics)]
            for question in ({}, {"topics": []}):
                head, got = ask(s, max=1000, **question)
                self.assertEqual(seqs(got), may, (some, head))
            for asked in [(t,) for t in self.RIGHTS + self.TOPICS + [""]] + [self.TOPICS[:2], self.RIGHTS[:2]]:
                head, got = ask(s, topics=list(asked), max=1000)
                if all(t.startswith(some) for t in asked):
                    self.assertEqual(seqs(got), [seq for seq, topics in events.items()
                                                 if any(t.startswith(tuple(asked)) for t in topics)])
                    answered += 1
                else:
                    self.assertEqual(head["error"], "forbidden", (some, asked))
                    self.assertEqual(got, [])
                    forbidden += 1
            s.close()
        self.assertGreater(answered, 100)
        self.assertGreater(forbidden, 300)

    def test_live(self):
        audiences = [(), ("network=al-las",), ("topic=theme/climate/",), ("topic=feed/co-mde/", "topic=theme/")]
        prefixes = [("",), ("network/al-las/",), ("theme/climate/",), ("feed/co-mde/", "theme/")]
        keys = Keys(audiences=[";curve" + "".join(";" + a for a in audience) for audience in audiences])
        self.addCleanup(keys.close)
        rights = [(r,) for r in self.RIGHTS] + [("feed/", "theme/"), ("network/", "theme/"), tuple(ALL.split(","))]
        for i, some in enumerate(rights):
            keys.add(f"k{i}", topics=",".join(some))
        keys.tell()
        subscribers = []
        for i, some in enumerate(rights):
            for k, prefix in enumerate(prefixes):
                covers = all(p.startswith(some) for p in prefix) if prefix != ("",) else len(some) == 5
                subscribers.append((keys.subscriber(f"k{i}", k), covers, prefix, some))
        for s, covers, _, _ in subscribers:
            if covers:
                self.assertTrue(hears(s))
        for topic in self.TOPICS:
            keys.wire.ask(f"append 2 10 {topic}", "head")
        leaks = received = 0
        for s, covers, prefix, some in subscribers:
            want = [t for t in self.TOPICS for _ in range(2) if covers and t.startswith(prefix)]
            got = []
            while s.poll(3000 if len(got) < len(want) else 50):
                m = receive(s)
                if m.topic != HEARTBEAT:
                    got.append(m.topic)
                else:
                    self.assertTrue(covers)
            leaks += sum(1 for t in got if not t.startswith(some))
            received += len(got)
            self.assertEqual(got, want, (prefix, some))
        self.assertEqual(leaks, 0)
        self.assertGreater(received, 20)

    def test_chosen_routing_ids(self):
        """Under an id of one's choice one could wait for another's answer."""
        keys = Keys()
        self.addCleanup(keys.close)
        keys.add("a")
        keys.tell()
        head, events = ask(keys.asker("a", routing_id=b"mine"))
        self.assertEqual((head["error"], events), ("bad-request", []))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:], verbosity=1, warnings="ignore")
