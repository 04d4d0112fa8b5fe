"""The bus on the wire: a real bus under bus/child.c (bus_fixture.c), plain ZeroMQ clients.

    bus_test.py FIXTURE [CLASS[.test]...]
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from room import (CLIMATE, FEED, FIXTURE, HEARTBEAT, NETWORK, OTHER, RECEIVE_MS, Case, Message, Wire, free_port, receive,
                  seqs, wait_for, zmq)

HANGS = 30  # seconds: what takes so long has hung, however busy the machine


class Live(Case):
    def test_frames(self):
        s = self.wire.subscriber("feed/", "theme/")
        before = time.time()
        self.wire.append(FEED, CLIMATE, NETWORK)
        got = [receive(s), receive(s)]
        self.assertEqual([m.topic for m in got], [FEED, CLIMATE])
        for m in got:
            self.assertEqual((m.version, m.epoch, m.seq, m.prev), ("CW1", self.wire.epoch, 1, 0))
            self.assertAlmostEqual(m.time_us / 1e6, before, delta=5)
            self.assertEqual(m.body["sequence"], "%020d" % 1)
            self.assertEqual(m.body["specversion"], "1.0")
        self.assertEqual(got[0].body, got[1].body)

    def test_prev_is_a_chain_in_every_topic(self):
        s = self.wire.subscriber("feed/", "theme/climate/")
        random.seed(7)
        for _ in range(60):
            self.wire.append(*random.sample([FEED, CLIMATE, NETWORK, OTHER], random.randint(1, 3)))
        last, seen, verified = {}, 0, 0
        s.rcvtimeo = 12000
        while True:
            m = receive(s)
            if m.topic == HEARTBEAT:
                if m.seq == 60:
                    break
                continue
            self.assertEqual(m.prev, last.get(m.topic, 0))
            self.assertGreaterEqual(m.seq, seen)
            last[m.topic], seen = m.seq, m.seq
        self.assertEqual(set(last), {FEED, CLIMATE, OTHER})
        for topic, seq in last.items():
            self.assertEqual(m.body["changed"][topic], seq)

    def test_heartbeats(self):
        s = self.wire.subscriber("feed/", joined=False)
        first = receive(s)
        self.assertEqual(first.topic, HEARTBEAT)
        self.wire.append(FEED, CLIMATE)
        self.wire.append(FEED)
        s.rcvtimeo = 12000
        times, previous = [], first.seq
        while len(times) < 2:
            m = receive(s)
            if m.topic != HEARTBEAT:
                continue
            times.append(time.monotonic())
            self.assertEqual(m.prev, previous)
            previous = m.seq
            self.assertEqual(m.seq, 2)
            self.assertEqual((m.body["epoch"], m.body["head"], m.body["oldest"]),
                             (self.wire.epoch, 2, 1))
            self.assertRegex(m.body["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual(m.body["changed"],
                             {FEED: 2, CLIMATE: 1} if len(times) == 1 else {})
        self.assertAlmostEqual(times[1] - times[0], 5, delta=1)

    def test_many_changed_topics(self):
        s = self.wire.subscriber(joined=True)
        for i in range(6):
            self.wire.append(*[f"feed/c{i}/a/n{k}/" for k in range(100)])
        s.rcvtimeo = 12000
        self.assertEqual(receive(s).body["changed"], {"overflow": True})
        self.wire.append(*[f"feed/c1/a/n{k}/" for k in range(500 - 400)])
        self.assertEqual(receive(s).body["changed"], {f"feed/c1/a/n{k}/": 7 for k in range(100)})

    def test_joins_late_and_leaves(self):
        a = self.wire.subscriber("feed/")
        self.wire.append(FEED, n=3)
        b = self.wire.subscriber("feed/")
        self.wire.append(FEED, n=2)
        while (m := receive(b)).topic == HEARTBEAT:
            join = m.seq
        self.assertEqual((m.seq, m.prev), (4, 3))
        self.assertEqual([receive_event(a).seq for _ in range(5)], [1, 2, 3, 4, 5])
        a.unsubscribe("feed/")
        b.close()
        deadline = time.monotonic() + 10
        while self.wire.stats()["live_subscriptions"] > 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        before = self.wire.stats()["live_sent"]
        self.assertEqual(self.wire.stats()["live_subscriptions"], 1)  # heartbeats
        self.wire.append(CLIMATE, n=50)
        time.sleep(1.5)
        self.assertEqual(self.wire.stats()["live_sent"], before)  # nobody ever wanted it: not made

    def test_nothing_is_sent_at_or_below_a_heartbeat(self):
        s = self.wire.subscriber("feed/")
        sender = threading.Thread(target=lambda: self.wire.ask("flow 12000 2 200 2000", "head"))
        sender.start()
        head, seen, beats, last = 0, set(), 0, {}
        while len(seen) < 12000:
            m = receive(s)
            if m.topic == HEARTBEAT:
                self.assertGreaterEqual(m.seq, max(seen, default=0))
                for topic, seq in m.body["changed"].items():
                    if topic.startswith("feed/") and topic in last:
                        self.assertEqual(last[topic], seq)
                head, beats = m.seq, beats + 1
            else:
                self.assertGreater(m.seq, head)
                last[m.topic] = m.seq
                seen.add(m.seq)
        sender.join()
        self.assertGreaterEqual(beats, 1)

    def test_paused_readers_rest(self):
        s = self.wire.subscriber("feed/")
        self.wire.ask("pause 1500000", "paused")
        began = time.monotonic()
        self.wire.append(FEED)
        self.assertEqual(receive_event(s).seq, 1)
        self.assertGreater(time.monotonic() - began, 1.2)

    def test_strange_subscribers(self):
        for _ in range(20):
            x = self.wire.socket(zmq.XSUB, self.wire.live[0])
            for _ in range(50):
                x.send(os.urandom(random.randint(0, 300)))
            x.close()
        s = self.wire.subscriber("feed/")
        self.wire.append(FEED)
        self.assertEqual(receive_event(s).seq, 1)


def receive_event(s):
    while (m := receive(s)).topic == HEARTBEAT:
        pass
    return m


class Audience(Case):
    audiences = ("", ";network=al-las", ";topic=theme/climate/;topic=feed/mx-mex/")

    def test_endpoints_carry_their_topics(self):
        subscribers = [self.wire.subscriber("", endpoint=i, joined=False) for i in range(3)]
        wait_for(lambda: self.wire.stats()["live_subscriptions"] == 6)  # of all, and of heartbeats
        self.wire.append(FEED, CLIMATE, NETWORK)
        self.wire.append(OTHER)
        self.wire.append("sys/feed/co-mde/aci/noticias/")
        want = [[FEED, CLIMATE, NETWORK, OTHER, "sys/feed/co-mde/aci/noticias/"], [NETWORK],
                [CLIMATE, OTHER]]
        for s, topics in zip(subscribers, want):
            s.rcvtimeo = 12000
            got = []
            while True:
                m = receive(s)
                if m.topic != HEARTBEAT:
                    got.append(m.topic)
                elif m.seq == 3:
                    break
            self.assertEqual(got, topics)
            self.assertEqual(sorted(m.body["changed"]), sorted(topics))


class Replay(Case):
    def fill(self):
        for i in range(30):
            self.wire.append(FEED, *[CLIMATE] * (i % 3 == 0), *[NETWORK] * (i % 5 == 0))
            self.wire.append(OTHER)

    def test_reply(self):
        self.fill()
        head, events = self.wire.request(max=7, id={"mine": [1, "é"]})
        self.assertEqual(head, {"v": 1, "id": {"mine": [1, "é"]}, "next": self.wire.cursor(7),
                                "head": self.wire.cursor(60), "count": 7, "more": True})
        self.assertEqual(seqs(events), list(range(1, 8)))
        head, events = self.wire.request(after=self.wire.cursor(53))
        self.assertEqual((head["next"], head["count"], head["more"]),
                         (self.wire.cursor(60), 7, False))
        self.assertNotIn("id", head)

    def test_pages_under_every_filter(self):
        self.fill()
        filters = {(): range(1, 61), ("feed/",): range(1, 61), ("",): range(1, 61),
                   ("feed/co-mde/",): range(1, 61, 2), ("theme/climate/",): range(1, 61, 6),
                   ("theme/", "network/"): sorted(set(range(1, 61, 6)) | set(range(1, 61, 10))),
                   ("theme/", "feed/co-mde/", "theme/climate/"): range(1, 61, 2),
                   ("feed/none/",): (), ("feed/co",): range(1, 61, 2)}
        s = self.wire.socket(zmq.REQ)
        for topics, want in filters.items():
            for size in (1, 3, 1000):
                after, got = "oldest", []
                while True:
                    head, events = self.wire.request(s, after=after, topics=list(topics), max=size)
                    self.assertEqual(head["count"], len(events))
                    self.assertLessEqual(len(events), size)
                    got += seqs(events)
                    after = head["next"]
                    if not head["more"]:
                        break
                self.assertEqual(got, list(want), (topics, size))
                self.assertEqual(after, self.wire.cursor(60))

    def test_places_to_begin(self):
        self.wire.append(FEED, n=5)
        time.sleep(1.1)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        time.sleep(1.1)
        self.wire.append(FEED, n=2)
        self.assertEqual(seqs(self.wire.request(after={"time": stamp})[1]), [6, 7])
        self.assertEqual(len(self.wire.request(after={"time": "2001-01-01T00:00:00Z"})[1]), 7)
        began = time.monotonic()
        for after in ("now", {"time": "2101-01-01T00:00:00Z"}):
            head, events = self.wire.request(after=after, wait=30)
            self.assertEqual((head["next"], head["count"], head["more"], events),
                             (self.wire.cursor(7), 0, False, []))
        self.assertLess(time.monotonic() - began, 30)  # neither waits, or both

    def test_waits_for_news(self):
        self.wire.append(FEED)
        s = self.wire.socket(zmq.DEALER)
        began = time.monotonic()
        ask(s, after=self.wire.cursor(1), topics=["theme/"], wait=1)
        head = json.loads(s.recv_multipart()[1])
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual((head["count"], head["next"]), (0, self.wire.cursor(1)))
        ask(s, after=head["next"], topics=["theme/"], wait=20)
        wait_for(lambda: self.wire.stats()["replay_waiting"] == 1)
        self.wire.append(FEED, n=3)
        time.sleep(0.3)
        self.wire.append(CLIMATE)
        _, head, event = s.recv_multipart()  # at the end of its wait it would come without
        self.assertEqual(json.loads(head)["next"], self.wire.cursor(5))
        self.assertEqual(int(json.loads(event)["sequence"]), 5)

    def test_next_passes_what_did_not_match(self):
        s = self.wire.socket(zmq.DEALER)
        ask(s, after=self.wire.cursor(0), topics=["theme/"], wait=1.5)
        time.sleep(0.2)
        self.wire.append(FEED, n=9)
        head = json.loads(s.recv_multipart()[1])
        self.assertEqual((head["count"], head["next"]), (0, self.wire.cursor(9)))

    def test_many_wait(self):
        topics = [f"feed/c{i}/" for i in range(100)]
        sockets = [self.wire.socket(zmq.DEALER) for _ in range(300)]
        for i, s in enumerate(sockets):
            ask(s, after=self.wire.cursor(0), topics=[topics[i % 100]], wait=30, id=i)
        wait_for(lambda: self.wire.stats()["replay_waiting"] == 300)
        self.wire.append(*[t + "a/n/" for t in topics[:50]])
        self.wire.append(*[t + "a/n/" for t in topics[50:]])
        for i, s in enumerate(sockets):
            _, head, event = s.recv_multipart()
            self.assertEqual(json.loads(head)["id"], i)
            self.assertEqual(int(json.loads(event)["sequence"]), 1 if i % 100 < 50 else 2)

    def test_new_request_supersedes(self):
        s = self.wire.socket(zmq.DEALER)
        ask(s, after=self.wire.cursor(0), wait=30, id="old")
        wait_for(lambda: self.wire.stats()["replay_waiting"] == 1)
        known = self.wire.stats()["replay_requests"]
        ask(s, after=self.wire.cursor(0), wait=30, id="new")
        wait_for(lambda: self.wire.stats()["replay_requests"] > known)
        self.wire.append(FEED)
        self.assertEqual(json.loads(s.recv_multipart()[1])["id"], "new")
        s.rcvtimeo = 500
        self.assertRaises(zmq.Again, s.recv_multipart)

    def test_errors(self):
        self.fill()
        other = "z" + self.wire.epoch[:15]
        cases = {"bad-request": [{"after": "x"}, {"max": 0}, {"wait": 61}, {"topics": ["Ä/"]}],
                 "unsupported-version": [{"v": 2}], "epoch-changed": [{"after": other + ".1"}],
                 "cursor-future": [{"after": self.wire.cursor(61)}]}
        for code, questions in cases.items():
            for question in questions:
                head, events = self.wire.request(id="me", **question)
                self.assertEqual((head["error"], head["id"], events), (code, "me", []))
                self.assertNotIn("next", head)
        head, _ = self.wire.request(after=other + ".1")
        self.assertEqual((head["oldest"], head["head"]),
                         (self.wire.cursor(0), self.wire.cursor(60)))

    def test_outdated_cursor(self):
        self.fill()
        self.wire.ask("retain", "head")
        for seq in (0, 1, 58):
            head, events = self.wire.request(after=self.wire.cursor(seq), topics=["theme/"], wait=3)
            self.assertEqual((head["error"], head["oldest"], events),
                             ("cursor-outdated", self.wire.cursor(59), []))
        self.assertEqual(seqs(self.wire.request(after=head["oldest"])[1]), [60])
        self.assertEqual(seqs(self.wire.request(after="oldest")[1]), [60])

    def test_envelopes(self):
        self.wire.append(FEED)
        s = self.wire.socket(zmq.REQ, req_correlate=1, req_relaxed=1)
        self.assertEqual(seqs(self.wire.request(s)[1]), [1])
        question = json.dumps({"v": 1, "after": "oldest"}).encode()
        d = self.wire.socket(zmq.DEALER)
        for envelope in ([b""], [b"a", b"bc", b""], [b"\x00" * 200, b""], []):
            d.send_multipart(envelope + [question])
            got = d.recv_multipart()
            self.assertEqual(got[:-2], envelope)
            self.assertEqual(json.loads(got[-2])["count"], 1)
        d.send_multipart([b"", question, question])
        self.assertEqual(json.loads(d.recv_multipart()[1])["error"], "bad-request")
        d.send_multipart([b"x"] * 50 + [b"", question])  # too long to be echoed: no answer
        d.send_multipart([b"", question])
        self.assertEqual(json.loads(d.recv_multipart()[1])["count"], 1)

    def test_malformed_requests(self):
        self.wire.append(FEED, n=3)
        random.seed(11)
        good = b'{"v":1,"after":"oldest","topics":["feed/"],"max":2,"wait":0,"id":"x"}'
        for batch in range(60):
            d = self.wire.socket(zmq.DEALER)
            for i in range(50):
                text = bytearray(good)
                for _ in range(random.randint(1, 6)):
                    at = random.randrange(len(text))
                    text[at:at + random.randint(0, 3)] = os.urandom(random.randint(0, 3))
                frames = [bytes(text)]
                if i % 5 == 0:
                    frames = [os.urandom(random.randint(0, 40)) for _ in range(random.randint(1, 12))]
                d.send_multipart([b""] + frames)
                if i % 5:
                    head = json.loads(d.recv_multipart()[1])
                    while head.get("id") != "x" and i % 5 == 1 and d.poll(0):
                        head = json.loads(d.recv_multipart()[1])
                    self.assertTrue("error" in head or "count" in head)
            d.close()
        self.assertEqual(seqs(self.wire.request()[1]), [1, 2, 3])
        self.assertEqual(self.wire.stats()["starts"], 1)

    def test_large_events(self):
        self.wire.append(FEED, n=12, size=900_000)
        after, got = "oldest", []
        while True:
            head, events = self.wire.request(after=after)
            size = sum(len(json.dumps(e)) for e in events)
            self.assertLessEqual(size, 4 * 1024 * 1024)
            self.assertGreaterEqual(len(events), 1)
            got += seqs(events)
            after = head["next"]
            if not head["more"]:
                break
        self.assertEqual(got, list(range(1, 13)))

    def test_bounded_scan(self):
        self.wire.ask("spread 120000 20 10", "head")
        head, events = self.wire.request(topics=["feed/none/"], wait=5)
        self.assertEqual((head["count"], head["more"]), (0, True))
        self.assertLess(int(head["next"].split(".")[1]), 120000)

    def test_stuck_peer_delays_nobody(self):
        self.wire.append(FEED, n=8, size=500_000)
        stuck = self.wire.socket(zmq.DEALER, rcvhwm=1, rcvbuf=4096)
        for _ in range(60):
            ask(stuck, after="oldest")
        for _ in range(20):
            self.assertEqual(len(self.wire.request()[1]), 7)
        time.sleep(0.3)
        for _ in range(60):  # and it gets all its answers when it reads
            self.assertEqual(json.loads(stuck.recv_multipart()[1])["count"], 7)

    def test_dismissed_at_the_end(self):
        self.wire.append(FEED)
        s = self.wire.socket(zmq.DEALER)
        ask(s, after=self.wire.cursor(1), wait=60, id=3)
        wait_for(lambda: self.wire.stats()["replay_waiting"] == 1)
        began = time.monotonic()
        self.wire.ask("stop", "ended")
        self.assertLess(time.monotonic() - began, HANGS)
        head = json.loads(s.recv_multipart()[1])
        self.assertEqual((head["error"], head["id"], head["next"]),
                         ("shutting-down", 3, self.wire.cursor(1)))
        self.assertGreater(head["retry_after"], 0)
        self.wire.process.stdin.close()
        self.wire.process.wait(10)
        self.wire.process.stdout.close()
        self.wire.context.destroy(linger=0)
        self.wire.close = lambda: None


def ask(s, **question):
    s.send_multipart([b"", json.dumps({"v": 1, **question}).encode()])


class Life(Case):
    def test_back_at_once(self):
        self.wire.append(FEED, n=3)
        for round in range(1, 4):
            s = self.wire.subscriber("feed/", joined=False)
            time.sleep(0.3)
            self.wire.ask("kill", "killed")
            began = time.monotonic()
            self.wire.append(FEED, heard=False)  # between two lives: replay's
            self.wire.hear("ready")
            self.assertLess(time.monotonic() - began, HANGS)
            head, events = self.wire.request(after=self.wire.cursor(0))
            self.assertLess(time.monotonic() - began, HANGS)
            self.assertEqual(seqs(events), list(range(1, 4 + round)))
            self.assertEqual(self.wire.stats()["starts"], 1 + round)
            s.rcvtimeo = 12000
            while (m := receive(s)).topic != HEARTBEAT or m.seq < 3 + round:
                pass
            # Who is back in time for the first heartbeat is told that it knows nothing.
            self.assertIn((m.prev, m.body["changed"]),
                          [(0, {"overflow": True}), (3 + round, {})])
            s.close()

    def test_dies_with_its_parent(self):
        pid = self.wire.stats()["pid"]
        self.wire.process.send_signal(signal.SIGKILL)
        self.wire.process.wait()
        wait_for(lambda: not is_alive(pid))
        self.wire.context.destroy(linger=0)
        self.wire.process.stdin.close()
        self.wire.process.stdout.close()
        folder = self.wire.folder
        self.wire = Wire(folder=folder)
        self.wire.append(FEED)
        self.assertEqual(len(self.wire.request()[1]), 1)

    def test_terminal_interrupt_is_the_parents(self):
        os.kill(self.wire.stats()["pid"], signal.SIGINT)
        self.wire.append(FEED)
        self.assertEqual(len(self.wire.request()[1]), 1)
        self.assertEqual(self.wire.stats()["starts"], 1)

    def test_heard_while_heads_come(self):
        """A loop that is busy has a head to tell in each round; the bus is heard all the same."""
        self.wire.append(FEED)
        self.assertEqual(self.wire.ask("heads", "heads"), "heard")

    def test_hung_bus_is_killed(self):
        os.kill(self.wire.stats()["pid"], signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(2000):  # more heads than the channel holds
            self.wire.append(FEED, heard=False)
        self.wire.ask("stop", "ended")
        self.assertLess(time.monotonic() - began, HANGS)
        self.wire.context.destroy(linger=0)
        self.wire.process.stdin.close()
        self.assertEqual(self.wire.process.wait(10), 0)
        self.wire.process.stdout.close()
        self.wire.close = lambda: None

    def test_descriptors(self):
        folder = f"/proc/{self.wire.stats()['pid']}/fd"
        try:
            links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
        except PermissionError:
            self.skipTest("only root may look into a bus")
        self.assertFalse([x for x in links if x.endswith((".lock", "-witness", ".head"))], links)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Refused(unittest.TestCase):
    def test_port_that_is_still_taken(self):
        """An orphan may hold the port for a moment: the bus waits for it, and does not give up."""
        for held in (1.5, 6):  # less and more than one bus tries
            taken = socket.socket()
            taken.bind(("127.0.0.1", free_port()))
            taken.listen()
            timer = threading.Timer(held, taken.close)
            timer.start()
            began = time.monotonic()
            wire = Wire(replay="tcp://127.0.0.1:%d" % taken.getsockname()[1])
            self.assertGreater(time.monotonic() - began, held - 0.1)
            self.assertLess(time.monotonic() - began, held + HANGS)
            wire.append(FEED)
            self.assertEqual(len(wire.request()[1]), 1)
            wire.close()

    def test_foreign_addresses(self):
        with tempfile.TemporaryDirectory(prefix="cw-bus-") as folder:
            p = subprocess.Popen([FIXTURE, f"{folder}/j.db", f"ipc://{folder}/r", "tcp://0.0.0.0:1"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
            for line in p.stdout:
                if line.startswith("failed"):
                    break
            self.assertIn("0.0.0.0", line)
            p.stdin.close()
            p.stdout.read()
            p.stdout.close()
            self.assertEqual(p.wait(10), 0)


class Printed(Case):
    def test_ten_line_client(self):
        """The client as the wire protocol prints it, but for the endpoint."""
        wire, got, state = self.wire, [], {"after": None}
        self.wire.append(CLIMATE, n=700)

        def load_cursor():
            return state["after"]

        def save_cursor(after):
            state["after"] = after
            if len(got) >= 750:
                raise StopIteration

        def handle(event):
            got.append(int(event["sequence"]))

        def handle_error(head):
            raise AssertionError(head)

        def client():
            def connect():
                s = zmq.Context.instance().socket(zmq.REQ)
                s.setsockopt(zmq.REQ_RELAXED, 1); s.setsockopt(zmq.REQ_CORRELATE, 1); s.setsockopt(zmq.RCVTIMEO, 15000)
                s.connect(wire.replay); return s
            sock, after = connect(), load_cursor() or "oldest"
            while True:
                sock.send_json({"v": 1, "after": after, "topics": ["theme/climate/"], "wait": 5})
                try: head, *events = sock.recv_multipart()
                except zmq.Again: continue                       # the server is away: ask again
                head = json.loads(head)
                if "error" in head: handle_error(head); continue
                for event in events: handle(json.loads(event))
                after = head["next"]; save_cursor(after)

        def run():
            try:
                client()
            except StopIteration:
                pass

        thread = threading.Thread(target=run)
        thread.start()
        wait_for(lambda: len(got) == 700)
        for _ in range(50):
            self.wire.append(CLIMATE, FEED)
        thread.join(20)
        self.assertEqual(got, list(range(1, 751)))
        zmq.Context.instance().destroy(linger=0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:], verbosity=1, warnings="ignore")
