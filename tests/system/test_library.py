#!/usr/bin/python3
"""libcivicwire, through library_client.c: where to begin, the cursor file over kill -9, the descriptor
in a foreign poll loop, replay only, a new epoch, a past that is gone; against the real daemon, and
against a server made up here where the moment matters."""
import atexit
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

import zmq.auth

import wire

CLIENT = wire.BUILD / "tests" / "system" / "library-client"
TOPIC = "feed/x-test/feeds/news/"


def items(first, last):
    body = "".join(f"<item><guid isPermaLink='false'>i{n}</guid><title>Item {n}</title></item>"
                   for n in range(first, last + 1))
    return f"<rss version='2.0'><channel><title>News</title>{body}</channel></rss>".encode()


class Client:
    """library_client.c; lines[] grows as it prints."""

    def __init__(self, live, replay, after, *options, run=lambda *program: program):
        """`run`: what starts the program, if it is not to run just here."""
        self.process = subprocess.Popen(run(CLIENT, live, replay, after, *options), stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # where a test fails
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.split(maxsplit=2))

    def events(self):
        return [int(line[1]) for line in self.lines if line[0] == "event"]

    def done(self):
        return [int(line[1]) for line in self.lines if line[0] == "done"]

    def errors(self):
        return [int(line[1]) for line in self.lines if line[0] == "error"]

    def says(self, *words):
        return any(line[:len(words)] == list(words) for line in self.lines)

    def wait_events(self, wanted, seconds=60):
        wanted = list(wanted)
        wire.wait_until(f"{len(wanted)} events", lambda: len(self.events()) >= len(wanted), seconds)
        assert self.events() == wanted, (self.events(), wanted)

    def wait_current(self):
        wire.wait_until("the client to be current", lambda: self.says("current"))

    def end(self):
        """What it counted: losses, resyncs, filled, reconnects, wake-ups."""
        self.process.terminate()
        code = self.process.wait(60)
        self.reader.join()
        assert code == 0, (code, self.lines[-3:])
        return [int(n) for n in " ".join(self.lines[-1][1:]).split()]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()


class Wire:
    """A daemon with one feed, whose items the test adds."""

    def __init__(self, work, first=10, daemon=wire.Daemon):
        self.work, self.last, self.step, self.make_daemon = work, 0, 0, daemon
        self.root = work / "root"
        self.root.mkdir()
        self.write(first)

    def write(self, n):
        first, self.last, self.step = self.last + 1, self.last + n, self.step + 1
        wire.put_file(self.root / "news.xml", items(first, self.last), 1_600_000_000 + 2 * self.step)

    def __enter__(self):
        self.nginx = wire.Nginx(self.work, self.root).__enter__()
        self.daemon = self.make_daemon(self.work, {"news": self.nginx.url("news.xml")}, interval="6h")
        self.daemon.__enter__()
        self.wait()
        return self

    def __exit__(self, *error):
        self.daemon.__exit__(*error)
        self.nginx.__exit__(*error)

    def wait(self):
        wire.wait_until("the items to be journaled", lambda: self.daemon.status()["journal"]["head"] >= self.last)

    def add(self, n):
        self.write(n)
        self.daemon.poll_now("news")
        self.wait()

    def client(self, after, *options, live=None):
        return Client(self.daemon.live if live is None else live, self.daemon.replay, after, *options)


def test_where_to_begin():
    with wire.folder() as work, Wire(work) as w:
        replay = wire.Replay(w.daemon.replay)
        epoch = replay.ask("now")[0]["head"].split(".")[0]
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        for live in (None, ""):
            clients = {"oldest": 1, "now": 11, before: 1, later: 11, f"{epoch}.7": 8, f"{epoch}.0": 1}
            running = {after: w.client(after, live=live) for after in clients}
            for client in running.values():
                client.wait_current()
            for after, first in clients.items():
                assert running[after].events() == list(range(first, 11)), (live, after, running[after].events())
            for client in running.values():
                losses, _, _, reconnects, _ = client.end()
                assert (losses, reconnects) == (0, 0)
        for nonsense in ("", "yesterday", "nodot", "\udcff.1"):
            refused = subprocess.run([CLIENT, w.daemon.live, w.daemon.replay, nonsense], stdout=subprocess.DEVNULL)
            assert refused.returncode == 1, nonsense
        refused = w.client("2024-99-99T00:00:00Z")
        wire.wait_until("the refusal", lambda: refused.says("error", "-22"))
        refused.process.wait(60)


def test_both_ways_bring_what_comes():
    with wire.folder() as work, Wire(work) as w:
        clients = [w.client("now", *options, live=live) for options, live in
                   (((), None), (("fd",), None), ((), ""), (("fd",), ""), (("topic=" + TOPIC, "topic=kind/news/"), None))]
        for client in clients:
            client.wait_current()
        for n in (1, 20, 300):
            w.add(n)
        for client in clients:
            client.wait_events(range(11, 332))
            losses, _, _, reconnects, _ = client.end()
            assert (losses, reconnects) == (0, 0)


def test_cursor_file_over_kills():
    """Whatever was committed never comes again; whatever was not comes. Only the event whose commit the
    kill interrupted may come twice."""
    random.seed(7)
    with wire.folder() as work, Wire(work, 400) as w:
        for live in (None, ""):
            path = work / f"cursor-{live is None}"
            done, seen = set(), set()
            for n in range(12):
                client = w.client("oldest", f"file={path}", "delay=2", live=live)
                wire.wait_until("an event", lambda: client.events() or client.says("current"))
                time.sleep(random.uniform(0, 0.15))
                client.kill()
                again = done & set(client.events())
                assert not again, f"run {n}: committed events came again: {sorted(again)[:5]}"
                twice = seen & set(client.events())
                assert len(twice) <= 1, f"run {n}: {sorted(twice)}"
                done |= set(client.done())
                seen |= set(client.events())
            client = w.client("oldest", f"file={path}", live=live)
            client.wait_current()
            wire.wait_until("the rest", lambda: seen | set(client.events()) == set(range(1, 401)))
            assert not done & set(client.events())
            client.end()
            last = w.client("oldest", f"file={path}", live=live)
            last.wait_current()
            time.sleep(0.5)
            assert last.events() == [], "a finished cursor file brings nothing"
            last.end()


def test_descriptor_is_quiet_and_awake():
    with wire.folder() as work, Wire(work) as w:
        client = w.client("oldest", "fd")
        client.wait_events(range(1, 11))
        os.kill(w.daemon.status()["bus"]["pid"], signal.SIGKILL)
        wire.wait_until("a new bus", lambda: w.daemon.status()["bus"]["starts"] == 2 and w.daemon.ping())
        w.add(5)
        client.wait_events(range(1, 16))
        time.sleep(11)
        _, _, _, reconnects, wakeups = client.end()
        assert reconnects == 0
        # 15 events, two or three heartbeats, the connections' coming and going.
        assert wakeups < 300, f"{wakeups} wake-ups in some 15 s: the descriptor does not become quiet"
        print(f"  {wakeups} wake-ups")


def test_new_epoch():
    with wire.folder() as work, Wire(work) as w:
        clients = [w.client("oldest", *options, live=live) for options, live in (((), None), (("fd",), None), ((), ""))]
        for client in clients:
            client.wait_events(range(1, 11))
        assert w.daemon.stop() == 0
        for path in w.daemon.state.glob("journal.db*"):
            path.rename(work / ("away-" + path.name))
        w.daemon.start().wait_ready()
        w.wait()
        for client in clients:
            wire.wait_until("the news of the epoch", lambda: client.says("error", "-116"), 45)
            client.wait_events([*range(1, 11), *range(1, 11)], 45)
            assert client.errors() == [-116], client.errors()
        w.add(3)
        for client in clients:
            client.wait_events([*range(1, 11), *range(1, 14)], 30)
            client.end()


def test_past_is_gone():
    with wire.folder() as work, Wire(work) as w:
        path = work / "cursor"
        client = w.client("oldest", f"file={path}", "delay=200")
        wire.wait_until("three events", lambda: len(client.done()) >= 3)
        client.kill()
        assert w.daemon.stop() == 0
        journal = sqlite3.connect(w.daemon.state / "journal.db")
        journal.execute("UPDATE event SET recorded = 1 WHERE seq <= 8")
        journal.commit()
        journal.close()
        w.daemon.start().wait_ready()
        w.add(2)
        wire.wait_until("retention", lambda: wire.Replay(w.daemon.replay).all()[0][0]["sequence"].endswith("9"), 40, 0.5)
        client = w.client("oldest", f"file={path}")
        client.wait_current()
        assert client.errors() == [-61] and client.events() == [9, 10, 11, 12], client.lines
        client.end()
        client = w.client("oldest", f"file={path}")
        client.wait_current()
        assert client.errors() == [] and client.events() == [], client.lines
        client.end()


def topics(n, length):
    """n prefixes of so many bytes."""
    return [f"topic=feed/{i:04}-{'x' * 30}/".ljust(length + len("topic="), "y") for i in range(n)]


def test_too_many_topics():
    """As many as a server takes are served; more would be cut off for ever, and are refused at once."""
    with wire.folder() as work, Wire(work) as w:
        most = [*topics(999, 52), "topic=" + TOPIC]
        clients = [w.client("oldest", *most), w.client("oldest", *most, live="")]
        for client in clients:
            client.wait_events(range(1, 11))
        w.add(3)
        for client in clients:
            client.wait_events(range(1, 14))
            losses, _, _, reconnects, _ = client.end()
            assert (losses, reconnects) == (0, 0)
        assert w.daemon.status()["bus"]["cut_bytes"] == 0
        server, _ = zmq.auth.create_certificates(work, "server")
        key = zmq.auth.create_certificates(
            work, "mine", metadata={"server-key": f'"{zmq.auth.load_certificate(server)[0].decode()}"'})[1]
        secure = topics(999, 45)
        for options, live, refused in ((topics(1001, 41), None, True), (topics(1000, 60), None, True),
                                       (topics(1000, 65), "", True), (topics(1000, 60), "", False),
                                       ([*secure, f"key={key}"], None, True), ([*secure, f"key={key}"], "", False),
                                       (secure, None, False)):
            client = w.client("now", *options, live=live)
            if refused:
                client.process.wait(60)
                client.reader.join()
                assert client.says("error", "-7"), (client.lines, len(options), live)
            else:
                time.sleep(0.5)
                assert client.process.poll() is None and not client.errors(), client.lines
                client.kill()


class Fake:
    """A server made up: what replay answers and live says is in the test's hands."""

    def __init__(self, epoch="aa"):
        self.epoch, self.events, self.asked, self.answer_s, self.page, self.over = epoch, [], [], 0, 1000, False
        context = wire.zmq.Context.instance()
        self.pub, self.router = context.socket(wire.zmq.XPUB), context.socket(wire.zmq.ROUTER)
        for s in (self.pub, self.router):
            s.setsockopt(wire.zmq.LINGER, 0)
            s.setsockopt(wire.zmq.SNDHWM, 0)
        self.live = f"tcp://127.0.0.1:{self.pub.bind_to_random_port('tcp://127.0.0.1')}"
        self.replay = f"tcp://127.0.0.1:{self.router.bind_to_random_port('tcp://127.0.0.1')}"
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.pub.close()
        self.router.close()

    def wait_subscribed(self):
        topic = None
        while topic != b"\x01sys/heartbeat/":
            topic = self.pub.recv()

    @staticmethod
    def event(seq):
        return json.dumps({"id": f"e{seq}", "type": "t", "sequence": f"{seq:020}"}).encode()

    def publish(self, seq, prev, epoch=None):
        self.pub.send_multipart([TOPIC.encode(), f"CW1 {epoch or self.epoch} {seq} {prev} 1".encode(), self.event(seq)])

    def heartbeat(self, head, prev, changed=None):
        self.pub.send_multipart([b"sys/heartbeat/", f"CW1 {self.epoch} {head} {prev} 1".encode(),
                                 json.dumps({"changed": changed if changed is not None else {}}).encode()])

    def serve(self):
        while not self.over:
            if not self.router.poll(50):
                continue
            *envelope, text = self.router.recv_multipart()
            question = json.loads(text)
            self.asked.append(question)
            time.sleep(self.answer_s)
            head, some = self.answer(question)
            self.router.send_multipart([*envelope, json.dumps({"v": 1, "id": question["id"], **head}).encode(), *some])

    def answer(self, question):
        after = question["after"]
        if after in ("now", "oldest"):
            seq = 0 if after == "oldest" else len(self.events)
        else:
            epoch, seq = after.split(".")
            if epoch != self.epoch:
                return {"error": "epoch-changed", "oldest": f"{self.epoch}.0"}, []
            seq = int(seq)
        if question["wait"] and seq >= len(self.events):
            time.sleep(0.3)
        some = [s for s in self.events if s > seq][:self.page]
        last = some[-1] if some else max(seq, len(self.events))
        return ({"next": f"{self.epoch}.{last}", "more": last < len(self.events)}, [self.event(s) for s in some])


def test_a_loss_is_mended_at_once():
    """Not only when the next message comes."""
    for options in ((), ("fd",)):
        with Fake() as fake:
            client = Client(fake.live, fake.replay, "now", *options)
            fake.wait_subscribed()
            client.wait_current()
            fake.events = [1, 2, 3]
            fake.publish(1, 0)
            fake.publish(3, 2)
            client.wait_events([1, 2, 3], 10)
            losses, resyncs, filled, _, _ = client.end()
            assert (losses, resyncs, filled) == (1, 0, 2 if 3 in client.events() else 1), (losses, resyncs, filled)


def test_heartbeats_are_judged():
    with Fake() as fake:
        client = Client(fake.live, fake.replay, "now")
        fake.wait_subscribed()
        client.wait_current()
        fake.events = list(range(1, 7))
        fake.publish(1, 0)
        fake.heartbeat(1, 0, {TOPIC: 1})  # a bus that has just started: perhaps
        client.wait_events(range(1, 7))   # replay brings what is there
        asked = len(fake.asked)
        fake.events = list(range(1, 9))
        fake.publish(7, 6)
        fake.heartbeat(7, 1, {TOPIC: 7})  # in its place
        client.wait_events(range(1, 8))
        time.sleep(0.3)
        assert len(fake.asked) == asked, "a heartbeat that fits was doubted"
        fake.heartbeat(8, 7, {TOPIC: 8, "feed/else/": 8})  # the topic's last event did not come
        client.wait_events(range(1, 9))
        losses, resyncs, filled, reconnects, _ = client.end()
        assert (losses, resyncs, filled, reconnects) == (1, 1, 1, 0), (losses, resyncs, filled, reconnects)


def test_a_past_epoch_is_passed_over():
    with Fake() as fake:
        client = Client(fake.live, fake.replay, "now")
        fake.wait_subscribed()
        client.wait_current()
        fake.epoch, fake.events = "bb", [1, 2]
        fake.publish(2, 1)
        client.wait_events([1, 2])
        assert client.errors() == [-116], client.errors()
        asked = len(fake.asked)
        for seq in range(50, 60):
            fake.publish(seq, seq - 1, "aa")  # they were still under way
        fake.events = [1, 2, 3]
        fake.publish(3, 2)
        client.wait_events([1, 2, 3])
        assert len(fake.asked) - asked <= 1, f"{len(fake.asked) - asked} questions about messages of the past"
        client.end()


def test_a_slow_client_asks_once():
    """Answers and heartbeats that wait for a client which is busy for long have come in time."""
    with Fake() as fake:
        fake.events, fake.page = list(range(1, 7)), 3
        client = Client(fake.live, fake.replay, "oldest", "once=17000")
        fake.wait_subscribed()
        for n in range(3):
            time.sleep(5)
            fake.heartbeat(6, 6)
        client.wait_events(range(1, 7))
        afters = [q["after"] for q in fake.asked]
        assert afters == ["oldest", "aa.3"], f"it asked again for what it had: {afters}"
        losses, _, _, reconnects, _ = client.end()
        assert (losses, reconnects) == (0, 0), "silence was heard where a heartbeat waited"


def test_replay_waits_for_slow_answers():
    """`civicwire replay` ends at the journal's end, not at a pause, and not without an answer."""
    with wire.folder() as work, Fake() as fake:
        fake.events, fake.page, fake.answer_s = list(range(1, 10)), 3, 0.6
        command = [wire.CLI, "replay", "--replay", fake.replay, "--cursor-file", work / "cursor"]
        first = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert first.returncode == 0 and len(first.stdout.splitlines()) == 9, first
        fake.events = list(range(1, 12))
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert second.returncode == 0 and len(second.stdout.splitlines()) == 2, second


if __name__ == "__main__":
    wire.main([test_where_to_begin, test_both_ways_bring_what_comes, test_cursor_file_over_kills,
               test_descriptor_is_quiet_and_awake, test_new_epoch, test_past_is_gone, test_a_loss_is_mended_at_once,
               test_too_many_topics, test_heartbeats_are_judged, test_a_past_epoch_is_passed_over, test_a_slow_client_asks_once,
               test_replay_waits_for_slow_answers])
