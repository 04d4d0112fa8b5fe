#!/usr/bin/python3
"""Today's daemon and bus do what protocol 1 promised when it was made: every frozen request has its
answer, a client from then is served, and what is published now is what the schemas of then allow."""
import json
import pathlib
import subprocess
import sys

import frozen

sys.path.insert(0, str(frozen.SOURCE / "tests" / "system"))
import wire  # noqa: E402
import zmq  # noqa: E402
from test_keys import Secure, key  # noqa: E402

try:
    import jsonschema
except ImportError:
    print("skipped: this Python has no jsonschema module (Debian: python3-jsonschema)")
    sys.exit(wire.SKIP)

DEMO = frozen.SOURCE / "config" / "demo" / "feeds"
FEEDS = {"cgai": "cgai-noticias.xml", "alias": "al-las-nouvelles.xml"}


def ask(endpoint, text, envelope=(), timeout=20, key_file=None):
    """A request as it was written down, behind the envelope frames that REQ or a proxy adds. The head and the events."""
    sock = zmq.Context.instance().socket(zmq.DEALER)
    sock.setsockopt(zmq.LINGER, 0)
    sock.setsockopt(zmq.RCVTIMEO, timeout * 1000)
    if key_file:
        wire.use_key(sock, key_file)
    sock.connect(endpoint)
    before = [bytes.fromhex(f) for f in envelope] + [b""]
    sock.send_multipart(before + [text.encode()])
    frames = sock.recv_multipart()
    sock.close()
    assert frames[:len(before)] == before, f"the envelope came back as {frames[:len(before)]}"
    return json.loads(frames[len(before)]), frames[len(before) + 1:]


def requests(needs=None):
    return [r for r in frozen.records("replay.jsonl") if r.get("needs") == needs]


def check(record, endpoint, places, **more):
    text = record["request"]
    for name, value in places.items():
        text = text.replace(name, value)
    head, events = ask(endpoint, text, record.get("envelope", ()), **more)
    frozen.check_head(record["reply"], head, record["name"])
    if "error" in head:
        assert not events, record["name"]
        return
    assert head["count"] == len(events), record["name"]
    wanted = record.get("events")
    assert wanted is None or (len(events) > 0 if wanted is True else len(events) == wanted), (record["name"], len(events))


def places(daemon):
    now = wire.Replay(daemon.replay).ask("now")[0]["head"]
    epoch = now.split(".")[0]
    return {"$EPOCH": epoch, "$OLDEST": f"{epoch}.0", "$HEAD": now}


def with_daemon(test):
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        for name in FEEDS.values():
            wire.put_file(root / name, (DEMO / name).read_bytes(), 1_600_000_000)
        with wire.Nginx(work, root) as nginx:
            with wire.Daemon(work, {n: nginx.url(f) for n, f in FEEDS.items()}, interval="6h", feed_lines="language: es") as daemon:
                wire.wait_until("the feeds to be read", lambda: daemon.status()["feeds"]["fine"] == len(FEEDS))
                daemon.wait_published()
                test(root, daemon)


def test_every_request_has_its_answer():
    def run(_root, daemon):
        where = places(daemon)
        for record in requests():
            check(record, daemon.replay, where)
        print(f"  {len(requests())} requests")
        # What is asked of a server that ends.
        record, = requests("stop")
        poller = zmq.Context.instance().socket(zmq.REQ)
        poller.setsockopt(zmq.LINGER, 0)
        poller.setsockopt(zmq.RCVTIMEO, 20000)
        poller.connect(daemon.replay)
        poller.send_string(record["request"].replace("$HEAD", where["$HEAD"]))
        wire.wait_until("the request to wait", lambda: daemon.status()["bus"]["replay_waiting"] == 1)
        assert daemon.stop() == 0
        frozen.check_head(record["reply"], poller.recv_json(), record["name"])
        poller.close()
        # And of one that no longer keeps the past.
        subprocess.run([wire.CLI, "journal", "-j", daemon.state / "journal.db", "prune", "1ms"], check=True, capture_output=True)
        daemon.start().wait_ready()
        record, = requests("pruned")
        check(record, daemon.replay, where)
        assert daemon.stop() == 0
    with_daemon(run)


def test_rights():
    record, = requests("key")
    with wire.folder() as work:
        daemon = Secure(work, {})
        daemon.make_keys("all")
        key(daemon, "new", "narrow", "--topics", "feed/")
        with daemon:
            check(record, daemon.replay, {}, key_file=work / "narrow.key")
            assert daemon.stop() == 0


def test_a_client_of_then():
    def run(_root, daemon):
        events = wire.Replay(daemon.replay).all(topics=["feed/"])[0]
        assert events
        client = subprocess.Popen([sys.executable, "-u", frozen.V1 / "client_replay.py", daemon.replay], stdout=subprocess.PIPE, text=True)
        lines = [client.stdout.readline() for _ in events]
        client.kill()
        client.wait()
        for line, event in zip(lines, events):
            assert event["cwfeed"] in line and event["data"]["title"] in line, (line, event)
        print(f"  {len(lines)} lines, as many as events")
        assert daemon.stop() == 0
    with_daemon(run)


def validators():
    found = {}
    for path in pathlib.Path(frozen.V1).glob("*-1.json"):
        schema = json.loads(path.read_text())
        found[path.name] = jsonschema.Draft202012Validator(schema).evolve(schema=schema["$defs"]["event"])
    return found


def test_what_is_published_now():
    def run(root, daemon):
        then = validators()
        (root / FEEDS["alias"]).unlink()
        for _ in range(3):
            daemon.poll_now("alias")
        text = (DEMO / FEEDS["cgai"]).read_text().replace("</title>", " (otra vez)</title>")
        wire.put_file(root / FEEDS["cgai"], text.encode(), 1_600_000_100)
        daemon.poll_now("cgai")
        first = wire.Replay(daemon.replay).all()[0][0]
        done = subprocess.run([wire.CLI, "journal", "-j", daemon.state / "journal.db", "-s", daemon.state / "control.sock", "redact",
                               first["id"].rpartition("/")[0] + "/"], capture_output=True, text=True)
        assert done.returncode == 0, done
        daemon.wait_published()
        events = wire.Replay(daemon.replay).all()[0]
        for event in events:
            errors = [e.message for e in then[event["dataschema"].rpartition("/")[2]].iter_errors(event)]
            assert not errors, (event["id"], errors)
        kinds = {e["type"].split(".", 2)[2] for e in events}
        assert {"item.published.v1", "item.updated.v1", "item.redacted.v1", "feed.failing.v1"} <= kinds, kinds
        print(f"  {len(events)} events: {', '.join(sorted(kinds))}")
        assert daemon.stop() == 0
    with_daemon(run)


if __name__ == "__main__":
    wire.main([test_every_request_has_its_answer, test_rights, test_a_client_of_then, test_what_is_published_now])
