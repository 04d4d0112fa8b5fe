"""What no client should ask: damaged requests and cursors that lead nowhere. Each is answered, by events or by
one of the errors that civicwire-wire(7) names, and the bus goes on.

    damaged_test.py FIXTURE [CLASS[.test]...]     $CIVICWIRE_DAMAGED: how many requests
"""

import collections
import json
import os
import random
import sys
import unittest

from room import CLIMATE, FEED, NETWORK, Case, wait_for, zmq

N = int(os.environ.get("CIVICWIRE_DAMAGED", "3000"))
SEED = int(os.environ.get("CIVICWIRE_SEED", "20261125"))
FINAL = {"bad-request", "unsupported-version", "forbidden", "cursor-outdated", "cursor-future", "epoch-changed"}
PASSING = {"overloaded", "shutting-down"}
REQUEST_MAX, HEARD_MAX = 65536, 262144
sys.setrecursionlimit(20000)  # what is nested deeply is written here
# How long an answer may take before it is looked for whether the request rightly waits for news (ms).
SILENCE_MS = 1500
NUMBERS = [0, -1, 1, 60, 61, 1000, 1001, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, -2**63, 10**40, 0.5, -0.0, 1e308, 1e-320]
TEXTS = ["", "oldest", "now", "feed/", "theme/climate/", "\u0000", "a\u0000b", "\ud800", "é/", "x" * 300, "." * 40,
         "2026-01-01T00:00:00Z", "2026-13-41T25:61:61Z", "0000-00-00T00:00:00Z", "%s%n", "../../", "\x7f", "\u202e"]
RAW = [b"", b"\x00", b"\xff", b"{}", b"[]", b"null", b"true", b'"', b"{", b"[" * 3000, b'{"v":' * 3000, b"[" * 30000,
       b'{"v":1,"v":1,"after":"oldest"}', b'{"v":1e999,"after":"oldest"}', b'{"v":1,"after":"oldest"} x',
       b'\xef\xbb\xbf{"v":1,"after":"oldest"}', b'{"v":1,"after":"ol\xc3dest"}', b'{"v":1,"after":"\\ud800"}',
       b'{"v":1,"after":"\\u0000"}', b'{"v":01,"after":"oldest"}', b'{"v":1,"after":"oldest",}', b"'", b"NaN",
       "{\"v\":1,\"after\":\"oldest\"}".encode("utf-16"), b'{"v":1,"id":' + b"9" * 5000 + b',"after":"oldest"}']


class Damage:
    """Requests that were good, damaged by chance."""

    def __init__(self, cursors):
        self.random, self.cursors = random.Random(SEED), cursors

    def base(self):
        r = self.random
        question = {"v": 1, "after": r.choice(self.cursors)}
        for name, values in (("topics", (["feed/"], [], ["theme/", "network/al-las/"], [""])), ("max", (1, 7, 1000)),
                             ("wait", (0, 0.01)), ("id", (1, "me", {"deep": [1, None]}))):
            if r.random() < 0.6:
                question[name] = r.choice(values)
        return question

    def value(self, depth=0):
        r = self.random
        kinds = [lambda: r.choice(NUMBERS), lambda: r.choice(TEXTS), lambda: r.choice((True, False, None)),
                 lambda: r.choice(self.cursors)]
        if depth < 3:
            kinds += [lambda: [self.value(depth + 1) for _ in range(r.randrange(4))],
                      lambda: {r.choice(TEXTS + ["time"]): self.value(depth + 1) for _ in range(r.randrange(4))}]
        return r.choice(kinds)()

    def deep(self):
        value = self.value()
        for _ in range(self.random.choice((10, 900, 2100))):
            value = [value] if self.random.random() < 0.5 else {"time": value}
        return value

    def members(self, question):
        """Wrong types and values."""
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice(["v", "after", "topics", "max", "wait", "id", "else", ""])
            if self.random.random() < 0.15:
                question.pop(name, None)
            elif self.random.random() < 0.03:
                question[name] = [self.value() for _ in range(self.random.choice((1000, 1001, 3000)))]
            else:
                question[name] = self.value() if self.random.random() < 0.95 else self.deep()
        return question

    def bytes(self, text):
        """Damage of the text itself."""
        r, data = self.random, bytearray(text)
        for _ in range(r.randint(1, 4)):
            at = r.randrange(len(data) + 1)
            piece = r.choice((b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b'"', b"\\", b"{", b"]", b",", b"1e9", b"\n"))
            if r.random() < 0.3:
                del data[at:at + r.randint(1, 9)]
            elif r.random() < 0.5:
                data[at:at] = piece
            elif at < len(data):
                data[at] = r.randrange(256)
        return bytes(data[:r.randrange(len(data) + 1)] if r.random() < 0.1 else data)

    def body(self):
        r = self.random
        if r.random() < 0.05:
            return r.choice(RAW)
        question = self.base()
        if r.random() < 0.6:
            question = self.members(question)
        text = json.dumps(question, ensure_ascii=r.random() < 0.5).encode("utf-8", "surrogatepass")
        return (self.bytes(text) if r.random() < 0.5 else text)[:HEARD_MAX]

    def frames(self):
        """A message, and whether its envelope is one that can be answered: at most seven frames, small, and
        then, past an empty one if there is one, the request."""
        r, body = self.random, self.body()
        kind = r.random()
        if kind < 0.8:
            return [b"", body], True
        if kind < 0.85:
            return [body], True  # a DEALER may leave the delimiter out
        if kind < 0.9:
            return [b"", body] + [self.body() for _ in range(r.randint(1, 20))], True
        if kind < 0.95:
            return [b"x" * r.randint(1, 100) for _ in range(r.randint(1, 6))] + [b"", body], True
        return [b"x" * r.choice((1, 2000)) for _ in range(r.randint(8, 200))] + [b"", body], False


class Damaged(Case):
    def setUp(self):
        super().setUp()
        self.wire.append(FEED, CLIMATE, n=40)
        self.wire.ask("retain", "head")
        self.wire.append(FEED, NETWORK, n=40)
        head = 80
        self.cursors = ["oldest", "now", {"time": "2026-01-01T00:00:00Z"}, "z" + self.wire.epoch[:15] + ".7"] + [
            self.wire.cursor(n) for n in (0, 3, 39, 40, 60, head, head + 1, 2**63, 2**64 - 1)]

    def judge(self, frames, sent):
        """The code of an answer, or None."""
        head, *events = frames
        head = json.loads(head.decode("utf-8"))
        self.assertEqual(head["v"], 1, sent)
        if "error" in head:
            self.assertIn(head["error"], FINAL | PASSING, sent)
            self.assertEqual("retry_after" in head, head["error"] in PASSING, sent)
            self.assertEqual("oldest" in head, head["error"] in ("cursor-outdated", "epoch-changed"), (head, sent))
            self.assertEqual(events, [])
            return head["error"]
        self.assertEqual(head["count"], len(events), sent)
        self.assertLessEqual({"next", "head", "more"}, head.keys(), sent)
        for event in events:
            json.loads(event)
        return None

    def test_each_is_answered(self):
        damage, seen = Damage(self.cursors), collections.Counter()
        s = self.wire.socket(zmq.DEALER)
        for _ in range(N):
            frames, answerable = damage.frames()
            sent = repr(frames)[:400]
            s.send_multipart(frames)
            if not answerable:
                seen["no envelope to answer in"] += 1
                continue
            if not s.poll(SILENCE_MS):
                # It asks in a good way to be kept waiting, or else there is no excuse.
                self.assertEqual(self.wire.stats()["replay_waiting"], 1, sent)
                self.assertGreater(json.loads(frames[-1])["wait"], 1, sent)
                s.close()
                s = self.wire.socket(zmq.DEALER)
                seen["waits"] += 1
                continue
            reply = s.recv_multipart()
            envelope = frames[:frames.index(b"") + 1] if b"" in frames[:-1] else frames[:-1]
            self.assertEqual(reply[:len(envelope)], envelope, sent)
            seen[self.judge(reply[len(envelope):], sent) or "events"] += 1
        s.rcvtimeo = 300
        self.assertRaises(zmq.Again, s.recv_multipart)  # one answer each
        self.assertEqual(self.wire.request(after=self.wire.cursor(60))[0]["count"], 20)
        self.assertEqual(self.wire.stats()["starts"], 1)
        print(f"{N} requests, seed {SEED}: {dict(seen)}", file=sys.stderr)
        self.assertLessEqual({"events", *FINAL - {"forbidden"}}, seen.keys())

    def test_cursors_that_lead_nowhere(self):
        for after, code, oldest in ((0, "cursor-outdated", 39), (38, "cursor-outdated", 39), (81, "cursor-future", None),
                                    (2**64 - 1, "cursor-future", None)):
            for more in ({}, {"wait": 30}, {"topics": ["theme/"]}):
                head, events = self.wire.request(after=self.wire.cursor(after), **more)
                self.assertEqual((head["error"], events), (code, []))
                self.assertEqual(head.get("oldest"), None if oldest is None else self.wire.cursor(oldest))
        head, _ = self.wire.request(after="zz.1")
        self.assertEqual((head["error"], head["oldest"]), ("epoch-changed", self.wire.cursor(39)))
        # From where they are told to go on, they can.
        self.assertEqual(self.wire.request(after=head["oldest"])[0]["count"], 41)

    def test_too_large(self):
        topics = [f"feed/{i:04}-{'x' * 60}/" for i in range(999)]
        for size, code in ((REQUEST_MAX, None), (REQUEST_MAX + 1, "bad-request"), (2 * REQUEST_MAX, "bad-request"),
                           (HEARD_MAX, "bad-request")):
            s = self.wire.socket(zmq.DEALER)
            question = {"v": 1, "after": "oldest", "id": 7, "topics": topics if code else []}
            text = json.dumps(question)
            s.send_multipart([b"", (text + " " * (size - len(text))).encode()])
            head = json.loads(s.recv_multipart()[1])
            self.assertEqual(head.get("error"), code, (size, head))
            if code:
                self.assertIn("64 KiB", head["message"])
        s = self.wire.socket(zmq.DEALER)
        s.send_multipart([b"", b" " * (4 * HEARD_MAX)])  # is not read to its end
        wait_for(lambda: self.wire.request(after="now")[0]["head"] == self.wire.cursor(80))
        self.assertEqual(self.wire.stats()["starts"], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
