#!/usr/bin/python3
"""Whoever reads civicwire today reads what was published when protocol 1 was made: libcivicwire, the
client of the four rules, those of the documents; and today's schemas allow it. The frozen files are what
they were.

    test_reading.py READER LIBRARY-CLIENT"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import frozen

sys.path.insert(0, str(frozen.SOURCE / "tests"))
from ports import free_port  # noqa: E402

try:
    import jsonschema
    import zmq
except ImportError as missing:
    print(f"skipped: {missing} (Debian: python3-zmq, python3-jsonschema)")
    sys.exit(77)

LIBRARY_CLIENT, READER = sys.argv.pop(), sys.argv.pop()
SCHEMAS = frozen.SOURCE / "config" / "schema"
FOUR_RULES = frozen.SOURCE / "tests" / "system" / "four_rules.py"
# Those of which each live message is among the frozen ones.
TOPICS = [f"feed/aa-bbb/oficina/{f}/" for f in ("noticias", "alertas", "agenda")]


def in_order():
    """One event for each sequence, as a journal has them."""
    by_seq = {}
    for text in frozen.events():
        by_seq.setdefault(int(json.loads(text)["sequence"]), text)
    return dict(sorted(by_seq.items()))


class Server(threading.Thread):
    """A bus that says what was said then, and nothing else: frozen events on replay, frozen messages on
    live, once somebody has subscribed to heartbeats."""

    def __init__(self):
        super().__init__(daemon=True)
        self.live, self.replay = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
        self.events, self.over, self.played = in_order(), False, False
        self.epoch = frozen.records("live.jsonl")[0]["header"].split()[1]
        self.context = zmq.Context()
        self.router, self.xpub = self.context.socket(zmq.ROUTER), self.context.socket(zmq.XPUB)
        self.router.bind(self.replay)
        self.xpub.bind(self.live)
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()
        self.context.destroy(linger=0)

    def answer(self, frames):
        at = frames.index(b"")
        question = json.loads(frames[at + 1])
        after = question["after"]
        seq = 0 if after == "oldest" else int(after.split(".")[1])
        found = [(s, e) for s, e in self.events.items() if s > seq][:question.get("max", 500)]
        head = f"{self.epoch}.{max(self.events)}"
        if not found and question.get("wait"):
            time.sleep(0.1)
        reply = {"v": 1, "next": f"{self.epoch}.{found[-1][0] if found else max(seq, max(self.events))}", "head": head, "count": len(found), "more": False}
        if "id" in question:
            reply["id"] = question["id"]
        self.router.send_multipart(frames[:at + 1] + [json.dumps(reply).encode()] + [e for _, e in found])

    def play(self):
        records = frozen.records("live.jsonl")
        beats = [r for r in records if "body" in r]
        for record in beats[:1] + [r for r in records if "body" not in r][:-1] + beats[1:]:
            self.xpub.send_multipart(frozen.live_frames(record))
        self.played = True

    def run(self):
        poller = zmq.Poller()
        poller.register(self.router, zmq.POLLIN)
        poller.register(self.xpub, zmq.POLLIN)
        while not self.over:
            ready = dict(poller.poll(50))
            if self.router in ready:
                self.answer(self.router.recv_multipart())
            if self.xpub in ready and self.xpub.recv() == b"\1sys/heartbeat/":
                self.play()


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)


class Frozen(unittest.TestCase):
    def test_nothing_has_changed(self):
        said = dict(reversed(line.split("  ")) for line in frozen.HASHES.read_text().splitlines())
        found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in frozen.V1.iterdir() if p.is_file()}
        self.assertEqual(found, said, "the files of a frozen version never change: what is new belongs into another one")

    def test_it_has_one_of_each(self):
        kinds = {json.loads(e)["type"] for e in frozen.events()}
        for name in ("item-1.json", "feed-1.json"):
            schema = json.loads((frozen.V1 / name).read_text())
            self.assertLessEqual(set(schema["$defs"]["event"]["properties"]["type"]["enum"]), kinds)
        self.assertEqual({json.loads(e)["cwkind"] for e in frozen.events()}, {"news", "alert", "event"})
        codes = {r["reply"]["error"] for r in frozen.records("replay.jsonl") if "error" in r["reply"]}
        self.assertEqual(codes, {"bad-request", "unsupported-version", "forbidden", "cursor-outdated", "cursor-future",
                                 "epoch-changed", "shutting-down"})


class Schemas(unittest.TestCase):
    @staticmethod
    def schema_of(folder, event):
        schema = json.loads((folder / event["dataschema"].rpartition("/")[2]).read_text())
        return jsonschema.Draft202012Validator(schema).evolve(schema=schema["$defs"]["event"])

    def test_todays_allow_what_was_published(self):
        for text in frozen.events():
            event = json.loads(text)
            for folder in (frozen.V1, SCHEMAS):
                errors = [e.message for e in self.schema_of(folder, event).iter_errors(event)]
                self.assertEqual(errors, [], event["id"])

    def only_additions(self, old, new, where):
        """What a client may count on is promised still: members are of their kind, and those always there still are."""
        self.assertEqual(old.get("type"), new.get("type"), where)
        for word in ("pattern", "format", "const"):
            if word in old:
                self.assertEqual(old[word], new.get(word), f"{where}: {word}")
        self.assertLessEqual(set(old.get("enum", [])), set(new.get("enum", [])), f"{where}: enum")
        self.assertLessEqual(set(old.get("required", [])), set(new.get("required", [])), f"{where}: required")
        for name, part in old.get("properties", {}).items():
            self.assertIn(name, new.get("properties", {}), where)
            self.only_additions(part, new["properties"][name], f"{where}/{name}")
        for name, part in old.get("$defs", {}).items():
            self.only_additions(part, new.get("$defs", {}).get(name, {}), f"{where}/{name}")
        if isinstance(old.get("items"), dict):
            self.only_additions(old["items"], new.get("items", {}), f"{where}/items")

    def test_they_only_grow(self):
        for name in ("item-1.json", "feed-1.json"):
            old, new = (json.loads((folder / name).read_text()) for folder in (frozen.V1, SCHEMAS))
            self.only_additions(old, new, name)
            spoiled = json.loads(json.dumps(new))
            del spoiled["$defs"]["event"]["properties"]["cwfeed"]
            with self.assertRaises(AssertionError):
                self.only_additions(old, spoiled, name)


class Library(unittest.TestCase):
    @staticmethod
    def parse(out):
        """What reader.c wrote: an object for each event."""
        events, event = [], {}
        while out:
            name, _, out = out.partition(b" ") if not out.startswith(b"end\n") else (b"end", b"", out[4:])
            if name == b"end":
                events.append(event)
                event = {}
                continue
            word = re.match(rb"(\d+)([:\n])", out)
            n, out = int(word.group(1)), out[word.end():]
            event[name.decode()] = n
            if word.group(2) == b":":
                event[name.decode()], out = out[:n].decode(), out[n + 1:]
        return events

    def test_every_member(self):
        texts = frozen.events()
        done = subprocess.run([READER], input=b"\n".join(texts) + b"\n", capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0)
        got = self.parse(done.stdout)
        self.assertEqual(len(got), len(texts))
        for text, said in zip(texts, got):
            event = json.loads(text)
            for name in ("id", "source", "type", "subject", "time", "recordedtime", "cwfeed", "cwcity", "cwnetworks", "cwthemes", "cwlang", "cwkind"):
                self.assertEqual(said.get(name), event.get(name), event["id"])
            for name in ("title", "url", "summary", "content_text", "content_html", "date_published", "date_modified"):
                self.assertEqual(said.get(f"data.{name}"), event["data"].get(name), event["id"])
            self.assertEqual(said.get("pointer"), event["data"].get("_event", {}).get("location"))
            self.assertEqual((said["seq"], said["backfill"], said["json"]), (int(event["sequence"]), int(event.get("cwbackfill", False)), 1))

    def test_headers(self):
        headers = [r["header"] for r in frozen.records("live.jsonl")]
        done = subprocess.run([READER, "header"], input="\n".join(headers) + "\n", capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout.splitlines()), (0, [h.removeprefix("CW1 ") for h in headers]))

    def test_a_subscriber(self):
        with Server() as server:
            client = subprocess.Popen([LIBRARY_CLIENT, server.live, server.replay, "oldest"], stdout=subprocess.PIPE, text=True)
            wanted = [(seq, json.loads(text)["id"]) for seq, text in server.events.items()]
            got = []
            for line in client.stdout:
                word, *rest = line.split()
                if word == "event":
                    got.append((int(rest[0]), rest[1]))
                self.assertNotEqual(word, "error", line)
                if len(got) == len(wanted):
                    break
            client.terminate()
            client.stdout.read()
            self.assertEqual(client.wait(20), 0)
            client.stdout.close()
            self.assertEqual(got, wanted)


class Clients(unittest.TestCase):
    def check_live(self, program):
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "seen"
            client = subprocess.Popen([sys.executable, program, server.live, server.replay, path, *TOPICS])
            wait_for("the messages to be played", lambda: server.played)
            wait_for("all of them to be read", lambda: self.seen(client, path) and "to" in self.seen(client, path)[-1])
            client.send_signal(signal.SIGTERM)
            self.assertEqual(client.wait(20), 0)
            seen = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(seen[:7], [{"verified": 3}] + [{"live": n} for n in (4, 5, 6, 7, 8)] + [{"verified": 36}])
        # The heartbeat that says only that there was much: replay tells.
        self.assertEqual([set(s) for s in seen[7:9]], [{"alarm", "after", "proof"}, {"filled", "to"}])
        self.assertEqual(seen[8]["filled"], [n for n in in_order() if n > 36])

    @staticmethod
    def seen(client, path):
        assert client.poll() is None, "the client ended"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def test_four_rules(self):
        self.check_live(FOUR_RULES)

    def test_the_frozen_one_of_the_four_rules(self):
        self.check_live(frozen.V1 / "client_live.py")

    def check_titles(self, command):
        """A client that prints a line for each event, the title in it."""
        with Server() as server:
            client = subprocess.Popen([c.replace("REPLAY", server.replay) for c in command], stdout=subprocess.PIPE, text=True)
            got = [client.stdout.readline() for _ in server.events]
            client.kill()
            client.wait()
            client.stdout.close()
            for line, text in zip(got, server.events.values()):
                event = json.loads(text)
                self.assertIn(event["cwfeed"], line)
                self.assertIn(event["data"].get("title", ""), line)

    def test_the_frozen_one_of_the_readme(self):
        self.check_titles([sys.executable, "-u", str(frozen.V1 / "client_replay.py"), "REPLAY"])

    def test_the_readme(self):
        code = re.search(r"```python\n(.*?)```", (frozen.SOURCE / "README.md").read_text(), re.S).group(1)
        self.check_titles([sys.executable, "-u", "-c", code.replace("tcp://127.0.0.1:5571", "REPLAY")])

    def test_node(self):
        script = frozen.SOURCE / "docs" / "clients" / "replay.js"
        if not shutil.which("node") or subprocess.run(["node", "-e", "require('zeromq')"], cwd=script.parent, capture_output=True).returncode:
            self.skipTest("no node with zeromq (npm install zeromq, and NODE_PATH)")
        with tempfile.TemporaryDirectory() as folder:
            self.check_titles(["node", str(script), "REPLAY", os.path.join(folder, "cursor"), "feed/"])


if __name__ == "__main__":
    unittest.main()
