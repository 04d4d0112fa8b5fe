"""A real daemon, a real nginx, real ZeroMQ subscribers, on loopback: what the system tests stand on.

Every test gets a folder of its own and free ports, so that tests may run side by side. Whatever is
started is ended by the `with` that started it, by its own process id.
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import zmq

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests"))
from askers import asking_socket, use_key  # noqa: E402, F401
from ports import free_port  # noqa: E402, F401

BUILD = pathlib.Path(os.environ.get("CIVICWIRE_BUILD", SOURCE / "build"))
CORPUS = pathlib.Path(os.environ.get("CIVICWIRE_CORPUS", SOURCE / ".." / "shared" / "corpus"))
DAEMON = BUILD / "daemon" / "civicwired"
CLI = BUILD / "cli" / "civicwire"
SKIP = 77


def need_corpus(*parts):
    """The corpus folder, or the end of the test as "skipped"."""
    folder = CORPUS.joinpath(*parts)
    if not folder.is_dir():
        print(f"skipped: no corpus at {folder} (set CIVICWIRE_CORPUS)")
        sys.exit(SKIP)
    return folder


def need_program(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        print(f"skipped: {name} is not installed")
        sys.exit(SKIP)
    return path


def environment():
    return dict(os.environ, CIVICWIRE_DATADIR=str(SOURCE / "config"))


def wait_until(what, test, seconds=60, step=0.05):
    """Waits for test() to be true; its value. The time is a bound for a hung test, not an assertion
    about speed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"waited {seconds} s in vain for: {what}")


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="civicwire-test-"))
    try:
        yield path
    finally:
        if not os.environ.get("CIVICWIRE_KEEP"):
            shutil.rmtree(path, ignore_errors=True)


class Nginx:
    """Debian's nginx on loopback over one folder of files; `locations`: more of its own configuration."""

    def __init__(self, work, root, locations=""):
        self.port = free_port()
        self.root = pathlib.Path(root)
        self.work = pathlib.Path(work) / "nginx"
        self.work.mkdir()
        os.chmod(work, 0o755)
        (self.work / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {self.work}/pid; error_log {self.work}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log {self.work}/access.log;
    types {{ application/xml xml; application/json json; text/html html; }}
    default_type application/octet-stream;
    keepalive_requests 100000;
    client_body_temp_path {self.work}/body; proxy_temp_path {self.work}/proxy;
    fastcgi_temp_path {self.work}/fastcgi; uwsgi_temp_path {self.work}/uwsgi; scgi_temp_path {self.work}/scgi;
    server {{ listen 127.0.0.1:{self.port}; root {self.root}; {locations} }}
}}
""")
        if os.geteuid() == 0:
            conf = self.work / "nginx.conf"
            conf.write_text("user root;\n" + conf.read_text())

    def __enter__(self):
        program = need_program("nginx")
        self.process = subprocess.Popen([program, "-p", str(self.work), "-c", str(self.work / "nginx.conf")],
                                        stderr=subprocess.PIPE)
        wait_until("nginx to listen", self.answers)
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"nginx ended: {self.process.stderr.read().decode()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def requests(self):
        """The lines of the access log."""
        return (self.work / "access.log").read_text().splitlines()


def put_file(path, data, mtime):
    """Replaces a served file whole, with a modification time that tells it from the one before
    (nginx's ETag knows only seconds and size)."""
    path = pathlib.Path(path)
    aside = path.with_name("." + path.name + ".new")
    aside.write_bytes(data)
    os.utime(aside, (mtime, mtime))
    aside.rename(path)


def feed_id(name):
    return f"x-test.feeds.{name}"


class Daemon:
    """civicwired over a configuration of feeds {name: url}, or {name: (url, lines of the feed)}, and then the lines say
    which private addresses are allowed."""

    def __init__(self, work, feeds, interval="1s", settings="", live=None, replay=None, feed_lines="", curve="",
                 key=None, extra=None):
        """`curve`: what live and replay say of keys, such as ", curve: required"; `key`: the file of one that may
        read everything; `extra`: environment that it gets besides."""
        self.work = pathlib.Path(work)
        self.extra = extra or {}
        self.config, self.state = self.work / "config", self.work / "state"
        self.live = live or f"tcp://127.0.0.1:{free_port()}"
        self.replay = replay or f"tcp://127.0.0.1:{free_port()}"
        self.curve, self.key = curve, key
        self.process = None
        self.log_path = self.work / "daemon.log"
        self.configure(feeds, interval, settings, feed_lines)

    def configure(self, feeds, interval, settings, feed_lines):
        (self.config / "feeds.d").mkdir(parents=True, exist_ok=True)
        self.state.mkdir(exist_ok=True)
        hosts = "" if "hosts:" in settings else "hosts:\n" + "".join(
            f"  - {{ host: '127.0.0.1:{p}', gap: 0ms, parallel: 16 }}\n" for p in sorted(ports_of(feeds.values())))
        (self.config / "civicwired.yaml").write_text(f"""
publisher: https://wire.example.org
live:
  - {{ bind: "{self.live}"{self.curve} }}
replay: {{ bind: "{self.replay}"{self.curve} }}
{hosts}{settings}
""")
        lines = ["bodies:", "  - id: x-test", "    name: { en: Test }", "    agencies:", "      - id: feeds",
                 "        name: { en: Feeds }", "        feeds:"]
        for name, url in feeds.items():
            url, more = url if isinstance(url, tuple) else (url, ["allow_net: [\"127.0.0.0/8\"]"])
            lines += [f"          - id: {name}", f"            url: \"{url}\""]
            # What a feed says itself goes before what is said of all.
            own = {line.split(":")[0] for line in more}
            common = [f"interval: {interval}", "interval_agreed: true", *feed_lines.splitlines()]
            lines += [f"            {line}" for line in [*more, *(c for c in common if c.split(":")[0] not in own)]]
        (self.config / "feeds.d" / "test.yaml").write_text("\n".join(lines) + "\n")

    def start(self, *options):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([DAEMON, "--config", self.config, "--state", self.state, *options],
                                        stdout=self.log, stderr=self.log, env=dict(environment(), **self.extra))
        return self

    def wait_ready(self):
        wait_until("the daemon to answer", self.status_or_none)
        wait_until("the bus to serve", lambda: self.status()["bus"]["running"] and self.ping())
        return self

    def __enter__(self):
        return self.start().wait_ready()

    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            self.stop()
        if kind:
            print("--- the daemon's log:\n" + self.log_path.read_text()[-6000:], file=sys.stderr)

    def stop(self):
        self.process.terminate()
        self.status_code = self.process.wait(30)
        self.log.close()
        return self.status_code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("localhost", timeout=20)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(20)
        connection.sock.connect(str(self.state / "control.sock"))
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def status(self):
        return json.loads(self.get("/v1/status")[1])

    def status_or_none(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log_path.read_text()[-3000:]}")
        with contextlib.suppress(OSError, ValueError):
            return self.status()
        return None

    def feeds(self):
        return {f["id"]: f for f in json.loads(self.get("/v1/feeds")[1])}

    def refresh(self, name):
        status, body = self.get(f"/v1/refresh?feed={feed_id(name)}", "POST")
        assert status == 202, body

    def ping(self):
        try:
            return Replay(self.replay, timeout=2, key=self.key).ask("now")[0]
        except zmq.Again:
            return None

    def poll_now(self, *names):
        """Polls feeds and waits until those polls are journaled; their states."""
        before = self.feeds()
        for name in names:
            self.refresh(name)

        def done():
            feeds = [self.feeds()[feed_id(name)] for name in names]
            return all(f.get("last_poll") != before[f["id"]].get("last_poll") and not f["polling"]
                       for f in feeds) and feeds
        states = wait_until(f"{', '.join(names)} to be polled", done, step=0.01)
        self.wait_published()
        return states

    def wait_polled(self, names=None):
        """The feeds (without what their ids share), once each has been polled."""
        def done():
            feeds = {i.split(".")[-1]: f for i, f in self.feeds().items()}
            feeds = {i: f for i, f in feeds.items() if not names or i in names}
            return feeds and all(f.get("last_poll") and not f["polling"] for f in feeds.values()) and feeds
        try:
            return wait_until("every feed to be polled", done, 90)
        except AssertionError:
            print("not polled:", [i for i, f in self.feeds().items() if not f.get("last_poll") or f["polling"]])
            raise

    def wait_published(self):
        """Waits until the bus has heard of all that the journal has: a head is on its way for a moment."""
        head = self.status()["journal"]["head"]
        wait_until("the bus to hear of the head", lambda: int(
            (self.ping() or {"head": "x.0"})["head"].split(".")[1]) >= head, step=0.01)


def ports_of(urls):
    urls = [u[0] if isinstance(u, tuple) else u for u in urls]
    return {u.split("/")[2].split(":")[1] for u in urls if u.startswith("http://127.0.0.1:")}


class Replay:
    """One DEALER-less client: REQ as in the ten lines of the wire protocol."""

    def __init__(self, endpoint, timeout=15, key=None):
        self.endpoint, self.timeout, self.key = endpoint, timeout, key
        self.connect()

    def connect(self):
        self.socket = asking_socket(zmq.Context.instance(), self.endpoint, self.timeout, self.key)

    def ask(self, after, **more):
        self.socket.send_json({"v": 1, "after": after, **more})
        head, *events = self.socket.recv_multipart()
        return json.loads(head), [json.loads(e) for e in events]

    def all(self, after="oldest", topics=("",), **more):
        """Everything after a cursor: events, and the last cursor."""
        events = []
        topics = [t for t in topics if t]
        if topics:
            more["topics"] = topics
        while True:
            head, some = self.ask(after, max=1000, wait=0, **more)
            if "error" in head:
                if "retry_after" in head:
                    time.sleep(head["retry_after"])
                    continue
                raise AssertionError(head)
            events += some
            after = head["next"]
            if not head["more"]:
                return events, after

    def close(self):
        self.socket.close()


class Live(threading.Thread):
    """A plain SUB client in a thread; keeps (topic, header fields, event) of each message."""

    def __init__(self, endpoint, topics=("",)):
        super().__init__(daemon=True)
        self.messages, self.heartbeats, self.over = [], [], False
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, 100)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        for topic in topics:
            self.socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self.start()

    def run(self):
        while not self.over:
            try:
                topic, header, event = self.socket.recv_multipart()
            except zmq.Again:
                continue
            fields = header.decode().split(" ")
            if topic == b"sys/heartbeat/":
                self.heartbeats.append((fields, json.loads(event)))
            else:
                self.messages.append((topic.decode(), fields, event))
        self.socket.close()

    def wait_joined(self):
        wait_until("the first heartbeat", lambda: self.heartbeats)

    def events(self, view="feed/"):
        return [json.loads(e) for t, _, e in self.messages if t.startswith(view)]

    def stop(self):
        self.over = True
        self.join()


def parse_items(*paths, url=None):
    """What `civicwire parse` finds in each file: {path: document or None}."""
    process = subprocess.Popen([CLI, "parse", "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=environment())
    documents = {}
    for path in paths:
        request = {"file": str(path), "headers": []}
        if url:
            request["url"] = url(path)
        process.stdin.write((json.dumps(request) + "\n").encode())
        process.stdin.flush()
        document = json.loads(process.stdout.readline())
        documents[path] = None if "error" in document else document
    process.stdin.close()
    process.wait()
    return documents


def check_sequence(events, first=None):
    """Sequences rise without a hole; ids are unique."""
    numbers = [int(e["sequence"]) for e in events]
    start = numbers[0] if first is None and numbers else first
    assert numbers == list(range(start, start + len(numbers))) if numbers else True, \
        "holes in the sequence near " + str(next((a for a, b in zip(numbers, range(start, 10**9)) if a != b), None))
    ids = [e["id"] for e in events]
    assert len(set(ids)) == len(ids), "an id appears twice"


def main(tests):
    """Runs the test functions in order; all must hold."""
    def too_long(*_):
        raise TimeoutError("the test takes too long")
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(int(os.environ.get("CIVICWIRE_TEST_SECONDS", "570")))
    for test in tests:
        start = time.monotonic()
        print(f"{test.__name__} …", flush=True)
        test()
        print(f"{test.__name__}: ok, {time.monotonic() - start:.1f} s", flush=True)
