#!/usr/bin/python3
"""The configuration changes while the daemon runs: what is right takes effect at once, what is broken
stays as it was and is told, and nobody else notices."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import wire

# How many feeds the large configuration has, and how often the small one is read again.
LARGE = int(os.environ.get("CIVICWIRE_RELOAD_FEEDS", "3000"))
OFTEN = int(os.environ.get("CIVICWIRE_RELOADS", "30"))


def rss(*items):
    entries = "".join(f"<item><guid isPermaLink='false'>{i}</guid><title>{t}</title><link>http://e.example/{i}</link>"
                      f"</item>" for i, t in items)
    return f"<rss version='2.0'><channel><title>T</title>{entries}</channel></rss>".encode()


class Origin(http.server.ThreadingHTTPServer):
    """Serves documents by path, with ETags; what is in `slow` does not answer until it is let go, and what is in `leads` redirects."""
    daemon_threads = True

    def __init__(self):
        self.documents, self.slow, self.leads, self.seen = {}, {}, {}, []
        super().__init__(("127.0.0.1", wire.free_port()), Handler)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        for event in self.slow.values():
            event.set()
        self.shutdown()
        self.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def asked(self, path):
        return [headers for p, headers in self.seen if p == path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path[1:]
        self.server.seen.append((path, dict(self.headers)))
        if path in self.server.slow:
            self.server.slow[path].wait(60)
        body = self.server.documents.get(path)
        tag = f'"{hash(body)}"'
        status = 302 if path in self.server.leads else 404 if body is None else 304 if self.headers.get("If-None-Match") == tag else 200
        with contextlib.suppress(OSError):
            self.send_response(status)
            if body is not None:
                self.send_header("ETag", tag)
            if status == 200:
                self.send_header("Content-Length", str(len(body)))
            elif status in (302, 404):
                self.send_header("Content-Length", "0")
            if status == 302:
                self.send_header("Location", self.server.leads[path])
            self.end_headers()
            if status == 200:
                self.wfile.write(body)

    def log_message(self, *_):
        pass


class Daemon(wire.Daemon):
    """With a configuration that the test writes itself."""

    def configure(self, feeds, interval, settings, feed_lines):
        (self.config / "feeds.d").mkdir(parents=True, exist_ok=True)
        (self.config / "themes.d").mkdir(exist_ok=True)
        self.state.mkdir(exist_ok=True)
        self.settings("")
        self.write("feeds.d/test.yaml", feeds)

    def settings(self, more, **changed):
        wanted = {"live": f"live:\n  - {{ bind: \"{self.live}\" }}", "replay": f"replay: {{ bind: \"{self.replay}\" }}",
                  "fetch": "fetch: { interval: 60min, gap: 0s, host_parallel: 16 }", **changed}
        self.write("civicwired.yaml", "\n".join(wanted.values()) + "\n" + more)

    def write(self, name, text):
        path = self.config / name
        aside = path.with_name("." + path.name)
        aside.write_text(text)
        aside.rename(path)

    def cli(self, *arguments):
        return subprocess.run([wire.CLI, *arguments, "--socket", str(self.state / "control.sock")], text=True,
                              capture_output=True, timeout=120, env=wire.environment())

    def reload(self, code=0, *words):
        done = self.cli("reload")
        assert done.returncode == code, done
        for word in words:
            assert word in done.stdout + done.stderr, (word, done)
        return done

    def wait_polled(self, name, seconds=30):
        wire.wait_until(f"{name} to be polled", lambda: self.feeds()[wire.feed_id(name)].get("last_success")
                        and not self.feeds()[wire.feed_id(name)]["polling"], seconds, 0.02)

    def events(self):
        return wire.Replay(self.replay).all()[0]

    def wait_events(self, n):
        return wire.wait_until(f"{n} events", lambda: len(self.events()) >= n and self.events())

    def metric(self, name):
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")


def feeds_file(feeds, body="x-test", rules="", agency="feeds"):
    """{name: "url: …, more: …"}"""
    lines = ["bodies:", f"  - id: {body}", "    name: { en: Test }", "    agencies:", f"      - id: {agency}",
             "        name: { en: Feeds }", "        language: en", "        allow_net: [\"127.0.0.0/8\"]", "        feeds:"]
    lines += [f"          - {{ id: {name}, {more} }}" for name, more in feeds.items()]
    return "\n".join(lines) + "\n" + rules


def feed(url, more=""):
    return f"url: \"{url}\"{more}"


def pid_starts(daemon):
    return daemon.process.pid, daemon.status()["bus"]["pid"], daemon.status()["bus"]["starts"]


def test_feeds_come_change_and_go():
    with wire.folder() as work, Origin() as origin:
        for name in "abcd":
            origin.documents[name] = rss((f"{name}1", "one"))
        first = {n: feed(origin.url(n)) for n in "abc"}
        with Daemon(work, feeds_file(first)) as daemon:
            live = wire.Live(daemon.live)
            live.wait_joined()
            for name in "abc":
                daemon.wait_polled(name)
            processes, due = pid_starts(daemon), daemon.feeds()[wire.feed_id("a")]["next_due"]

            # a stays, b has another address, c goes, d comes
            origin.documents["b-new"] = rss(("b1", "one"), ("b2", "two"))
            second = {"a": first["a"], "b": feed(origin.url("b-new")), "d": feed(origin.url("d"))}
            daemon.write("feeds.d/test.yaml", feeds_file(second))
            daemon.reload(0, "3 feeds: 1 added, 1 changed, 1 removed")
            daemon.wait_polled("d")
            wire.wait_until("b to be polled at its new address", lambda: origin.asked("b-new"))
            wire.wait_until("b2", lambda: [e for e in live.events() if e["data"].get("title") == "two"])
            assert len(origin.asked("a")) == 1, "a feed that has not changed was polled again"
            assert daemon.feeds()[wire.feed_id("a")]["next_due"] == due
            assert wire.feed_id("c") not in daemon.feeds()
            assert "If-None-Match" not in origin.asked("b-new")[0], "the validator of another address"
            assert pid_starts(daemon) == processes

            # its validators, too, have stayed
            daemon.poll_now("a")
            assert "If-None-Match" in origin.asked("a")[1]

            # c comes back, and is known
            daemon.write("feeds.d/test.yaml", feeds_file(dict(second, c=first["c"])))
            daemon.reload(0, "1 added")
            daemon.poll_now("c")
            assert all("If-None-Match" in h for h in origin.asked("c")[1:])
            daemon.wait_events(5)
            live.stop()
            titles = [(e["source"], e["data"]["title"]) for e in daemon.events()]
            assert len(titles) == len(set(titles)) == 5, titles
            # The subscriber has stayed, and missed nothing.
            wire.check_sequence(live.events())
            assert int(live.events()[-1]["sequence"]) == 5


def test_what_is_broken_stays():
    with wire.folder() as work, Origin() as origin:
        for name in "abx":
            origin.documents[name] = rss((f"{name}1", "one"))
        with Daemon(work, feeds_file({"a": feed(origin.url("a"))})) as daemon:
            daemon.write("feeds.d/other.yaml", feeds_file({"b": feed(origin.url("b"))}, "x-other"))
            daemon.reload(0, "1 added")
            # One file is broken and says less, the other says more.
            daemon.write("feeds.d/test.yaml", "bodies:\n  - id: x-test\n   name: [\n")
            daemon.write("feeds.d/other.yaml",
                         feeds_file({"b": feed(origin.url("b")), "x": feed(origin.url("x"))}, "x-other"))
            done = daemon.reload(78, "feeds.d/test.yaml:3:4: ", "stays as it was")
            assert set(daemon.feeds()) == {wire.feed_id("a"), "x-other.feeds.b", "x-other.feeds.x"}, done
            config = daemon.status()["config"]
            assert config["problems"][0].startswith("feeds.d/test.yaml:3:4: "), config
            assert "feeds.d/test.yaml:3:4: " in daemon.cli("status").stdout
            assert daemon.metric("civicwire_config_problems") == len(config["problems"]) >= 1
            assert "feeds.d/test.yaml:3:4: " in daemon.log_path.read_text()

            # A new file that is broken is left out; one that defines the same twice is to blame.
            daemon.write("feeds.d/again.yaml", feeds_file({"a": feed(origin.url("x"))}))
            done = daemon.reload(78, "is already defined at feeds.d/again.yaml")
            assert daemon.feeds()[wire.feed_id("a")]["url"] == origin.url("a"), done

            # Mended: nothing is left to tell.
            (daemon.config / "feeds.d" / "again.yaml").unlink()
            daemon.write("feeds.d/test.yaml", feeds_file({"a": feed(origin.url("a"), ", interval: 2h")}))
            daemon.reload(0, "0 added, 1 changed, 0 removed")
            assert daemon.status()["config"]["problems"] == [] and daemon.metric("civicwire_config_problems") == 0
            assert "config" not in daemon.cli("status").stdout
            assert daemon.feeds()[wire.feed_id("a")]["interval_s"] == 7200

            # The folder itself may be away for a moment.
            (daemon.config / "feeds.d").rename(daemon.config / "away")
            daemon.reload(78, "feeds.d: is gone")
            assert len(daemon.feeds()) == 3
            (daemon.config / "away").rename(daemon.config / "feeds.d")
            daemon.reload(0)


def test_vanished_references():
    themes = "themes:\n  - {{ id: {}, name: {{ en: Trams }}, words: {{ en: [tram] }} }}\n"
    with wire.folder() as work, Origin() as origin:
        origin.documents["a"] = rss(("1", "A new tram"))
        daemon = Daemon(work, feeds_file({"a": feed(origin.url("a"), ", themes: [trams]")},
                                         rules="rules:\n  - { theme: trams, words: { en: [bus] } }\n"))
        daemon.write("themes.d/local.yaml", themes.format("trams"))
        with daemon:
            daemon.wait_polled("a")
            # The theme goes; the feed and the rule that name it stay as they were.
            daemon.write("themes.d/local.yaml", themes.format("railways"))
            daemon.reload(78, "theme 'trams' is not defined in any file")
            assert len(daemon.feeds()) == 1
            origin.documents["a"] = rss(("1", "A new tram"), ("2", "A bus to the tram"))
            daemon.poll_now("a")
            wire.wait_until("the second item", lambda: len(daemon.events()) == 2)
            # A file that is changed for the same mistake is to blame itself.
            daemon.write("feeds.d/test.yaml", feeds_file({"a": feed(origin.url("a"), ", themes: [ships]")}))
            daemon.reload(78, "theme 'ships' is not defined in any file")
            origin.documents["a"] = rss(("3", "A railway"))
            daemon.poll_now("a")
            wire.wait_until("the third item", lambda: len(daemon.events()) == 3)
            assert [e.get("cwthemes", "").split() for e in daemon.events()] == \
                [["trams"], ["railways", "trams"], ["trams"]], daemon.events()


def test_themes_and_rules():
    """Rules are for the items that come after them."""
    with wire.folder() as work, Origin() as origin:
        origin.documents["a"] = rss(("1", "A zeppelin"))
        with Daemon(work, feeds_file({"a": feed(origin.url("a"))})) as daemon:
            daemon.wait_polled("a")
            daemon.write("feeds.d/test.yaml", feeds_file(
                {"a": feed(origin.url("a"))}, rules="rules:\n  - { theme: awards, words: { en: [zeppelin] } }\n"))
            daemon.reload()
            origin.documents["a"] = rss(("1", "A zeppelin"), ("2", "Another zeppelin"))
            daemon.poll_now("a")
            wire.wait_until("both items", lambda: len(daemon.events()) == 2)
            assert ["awards" in e.get("cwthemes", "") for e in daemon.events()] == \
                [False, True], daemon.events()


def test_polls_under_way():
    """Servers that do not answer: their feeds go, change and are renamed while they are asked."""
    with wire.folder() as work, Origin() as origin:
        for name in ("goes", "moves", "stays", "themed"):
            origin.slow[name] = threading.Event()
            origin.documents[name] = rss((name, name))
        origin.documents["new"] = rss(("new", "new"))
        before = {n: feed(origin.url(n)) for n in origin.slow}
        with Daemon(work, feeds_file(before)) as daemon:
            wire.wait_until("all to be asked", lambda: len(origin.seen) == 4)
            after = {"stays": before["stays"], "moves": feed(origin.url("new")),
                     "themed": feed(origin.url("themed"), ", themes: [awards]")}
            daemon.write("feeds.d/test.yaml", feeds_file(after))
            daemon.reload(0, "0 added, 2 changed, 1 removed")
            daemon.wait_polled("moves")  # though its old server is still silent
            assert daemon.status()["transfers"] == 2
            for event in origin.slow.values():
                event.set()
            daemon.wait_polled("stays")
            daemon.wait_polled("themed")
            assert [len(origin.asked(n)) for n in ("stays", "themed", "goes", "moves", "new")] == [1] * 5
            events, _ = wire.Replay(daemon.replay).all()
            assert sorted(e["data"]["title"] for e in events) == ["new", "stays", "themed"], events


def test_waiting_for_another_host():
    """Feeds that are redirected to a host that is busy wait for their turn there. Meanwhile they go, change and are paused, and the
    daemon is stopped."""
    with wire.folder() as work, Origin() as origin:
        names = ("first", "goes", "moves", "stays", "themed", "rarer", "pauses")
        origin.slow["first-there"] = threading.Event()
        origin.documents["new"] = rss(("new", "new"))
        for name in names:
            origin.leads[name] = f"http://localhost:{origin.server_port}/{name}-there"
            origin.documents[f"{name}-there"] = rss((name, name))
        first = {"first": feed(origin.url("first"))}
        before = {n: feed(origin.url(n)) for n in names}

        def count(*paths):
            return [len(origin.asked(p)) for p in paths]
        with Daemon(work, feeds_file(first)) as daemon:
            daemon.settings("hosts: [{ host: localhost, gap: 0s, parallel: 1 }]\n")
            daemon.reload()
            wire.wait_until("the other host to be busy", lambda: origin.asked("first-there"))
            daemon.write("feeds.d/test.yaml", feeds_file(before))
            daemon.reload(0, "6 added")
            wire.wait_until("all to be redirected", lambda: len(origin.seen) == len(names) + 1 and daemon.status()["transfers"] == 1)
            waiting = daemon.feeds()
            assert [n for n in names if waiting[wire.feed_id(n)]["polling"]] == ["first"]
            after = before | {"moves": feed(origin.url("new")), "themed": feed(origin.url("themed"), ", themes: [awards]"),
                              "rarer": feed(origin.url("rarer"), ", interval: 2h"), "pauses": feed(origin.url("pauses"), ", enabled: false")}
            del after["goes"]
            daemon.write("feeds.d/test.yaml", feeds_file(after))
            daemon.reload(0, "0 added, 4 changed, 1 removed")
            daemon.wait_polled("moves")
            daemon.refresh("stays")  # which waits already
            origin.slow["first-there"].set()
            for name in ("first", "stays", "themed", "rarer"):
                daemon.wait_polled(name)
            # What asks the same as before has gone on where it was, each once.
            assert count("new", "stays", "themed", "rarer") == [1] * 4
            assert count("stays-there", "themed-there", "rarer-there") == [1] * 3
            assert count("goes-there", "moves-there", "pauses-there") == [0] * 3
            assert not any(f["failures"] for f in daemon.feeds().values())
            early = daemon.status()["counters"]["civicwire_polls_early_total"]
            assert early == 0, early
            origin.slow["first-there"] = threading.Event()
            daemon.refresh("first")
            wire.wait_until("the other host to be busy again", lambda: count("first-there") == [2])
            daemon.refresh("stays")
            wire.wait_until("another to wait for it", lambda: count("stays") == [2] and daemon.status()["transfers"] == 1)
        # It is stopped, and polls anew when it is back.
        assert count("stays-there") == [1]
        origin.slow["first-there"].set()
        with daemon:
            daemon.poll_now("stays")
            assert count("stays-there") == [2]


def test_another_name():
    """A feed with a new id goes on where it was."""
    with wire.folder() as work, Origin() as origin:
        origin.documents["a"] = rss(("1", "one"))
        with Daemon(work, feeds_file({"a": feed(origin.url("a"))})) as daemon:
            daemon.wait_polled("a")
            daemon.write("feeds.d/test.yaml",
                         feeds_file({"z": feed(origin.url("a"), f", formerly: [{wire.feed_id('a')}]")}))
            daemon.reload(0, "1 added, 0 changed, 1 removed")
            z = daemon.feeds()[wire.feed_id("z")]
            assert z.get("last_success") and len(origin.asked("a")) == 1, z
            origin.documents["a"] = rss(("1", "one"), ("2", "two"))
            daemon.poll_now("z")
            assert "If-None-Match" in origin.asked("a")[1]
            events, _ = wire.Replay(daemon.replay).all()
            assert [e["data"]["title"] for e in events] == ["one", "two"], events


def test_paused():
    with wire.folder() as work, Origin() as origin:
        origin.documents["a"] = rss(("1", "one"))
        running = {"a": feed(origin.url("a"), ", interval: 1s, interval_agreed: true")}
        paused = {"a": feed(origin.url("a"), ", interval: 1s, interval_agreed: true, enabled: false")}
        with Daemon(work, feeds_file(running)) as daemon:
            daemon.wait_polled("a")
            daemon.write("feeds.d/test.yaml", feeds_file(paused))
            daemon.reload(0, "1 changed")
            wire.wait_until("its last poll to end", lambda: not daemon.feeds()[wire.feed_id("a")]["polling"])
            polls = len(origin.asked("a"))
            a = daemon.feeds()[wire.feed_id("a")]
            assert a["paused"] and a["last_success"] and "next_due" not in a, a
            assert daemon.status()["feeds"]["paused"] == 1 and daemon.status()["feeds"]["fine"] == 0
            shown = daemon.cli("feeds")
            assert re.search(r"x-test.feeds.a +paused ", shown.stdout) and shown.returncode == 0, shown
            assert daemon.get(f"/v1/refresh?feed={wire.feed_id('a')}", "POST")[0] == 409
            time.sleep(2.5)
            assert len(origin.asked("a")) == polls
            daemon.write("feeds.d/test.yaml", feeds_file(running))
            daemon.reload(0, "1 changed")
            wire.wait_until("it to be polled again", lambda: len(origin.asked("a")) > polls)
            assert "If-None-Match" in origin.asked("a")[polls]
        # Paused from the start, too.
        daemon.write("feeds.d/test.yaml", feeds_file(paused))
        with daemon:
            assert daemon.feeds()[wire.feed_id("a")]["paused"]


def test_settings():
    """What a running daemon can change it does; the rest it names."""
    with wire.folder() as work, Origin() as origin:
        for i in range(4):
            origin.slow[f"s{i}"] = threading.Event()
        slow = {n: feed(origin.url(n)) for n in origin.slow}
        daemon = Daemon(work, feeds_file(slow))
        daemon.settings("contact: https://one.example/\n", fetch="fetch: { parallel: 1 }")
        with daemon:
            wire.wait_until("the first to be asked", lambda: len(origin.seen) == 1)
            assert "one.example" in origin.seen[0][1]["User-Agent"]
            daemon.settings("contact: https://two.example/\n",
                            fetch="fetch: { parallel: 4, gap: 0s, interval: 3h, host_parallel: 4 }")
            daemon.reload(0, "0 added, 4 changed, 0 removed")
            wire.wait_until("all to be asked", lambda: len(origin.seen) == 4)
            assert "two.example" in origin.seen[3][1]["User-Agent"]
            assert {f["interval_s"] for f in daemon.feeds().values()} == {3 * 3600}
            bind = f"tcp://127.0.0.1:{wire.free_port()}"
            daemon.settings("publisher: https://other.example\n", replay=f"replay: {{ bind: \"{bind}\" }}",
                            fetch="fetch: { interval: 3h }")
            done = daemon.reload(0, "publisher of civicwired.yaml takes effect at the next start",
                                 "replay of civicwired.yaml takes effect at the next start")
            assert "live" not in done.stderr and "journal" not in done.stderr, done
            assert daemon.status()["config"]["next_start"] == ["publisher", "replay"]
            assert daemon.ping() and "next start" in daemon.log_path.read_text()
            daemon.settings("intervall: 5\n")
            daemon.reload(78, "unknown key 'intervall'")
            assert {f["interval_s"] for f in daemon.feeds().values()} == {3 * 3600}


@contextlib.contextmanager
def service_manager(work):
    """What systemd would hear."""
    path = str(pathlib.Path(work) / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(20)
        os.environ["NOTIFY_SOCKET"] = path
        try:
            yield lambda: s.recv(4096).decode().split("\n")
        finally:
            del os.environ["NOTIFY_SOCKET"]


def test_signal_and_service_manager():
    with wire.folder() as work, Origin() as origin, service_manager(work) as hear:
        origin.documents["a"] = rss(("1", "one"))
        with Daemon(work, feeds_file({"a": feed(origin.url("a"))})) as daemon:
            heard = []

            def wait_for(what):
                while not heard or what not in heard[-1]:
                    heard.append(hear())
                return heard[-1]

            wait_for("READY=1")
            began = time.monotonic_ns() // 1000
            daemon.process.send_signal(signal.SIGHUP)
            reloading = wait_for("RELOADING=1")
            stamp = int(dict(l.split("=", 1) for l in reloading)["MONOTONIC_USEC"])
            assert began <= stamp <= time.monotonic_ns() // 1000
            heard.clear()
            wait_for("READY=1")
            # Many at a time are a few; the last one is never lost.
            before = daemon.status()["config"]["reload"]
            for _ in range(200):
                daemon.process.send_signal(signal.SIGHUP)
            daemon.write("feeds.d/test.yaml", feeds_file({"b": feed(origin.url("a"))}))
            daemon.reload(0)
            assert list(daemon.feeds()) == [wire.feed_id("b")]
            assert daemon.status()["config"]["reload"] - before <= 201


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def test_often():
    """Nothing of a configuration stays when nothing refers to it."""
    feeds = {f"f{i}": feed(f"http://127.0.0.1:9/{i}") for i in range(400)}
    with wire.folder() as work:
        with Daemon(work, feeds_file(feeds)) as daemon:
            def turn(i):
                changed = dict(feeds)
                changed["f1"] = feed("http://127.0.0.1:9/other", f", interval: {i + 1}h")
                if i % 2:
                    del changed["f2"]
                daemon.write("feeds.d/test.yaml", feeds_file(changed) if i % 5 else "bodies: [\n")
                daemon.reload(0 if i % 5 else 78)
            for i in range(10):
                turn(i)
            before = resident_kib(daemon.process.pid)
            for i in range(OFTEN):
                turn(i)
            after = resident_kib(daemon.process.pid)
            print(f"{OFTEN} times: from {before} to {after} KiB")
            # One configuration of 400 feeds is some 400 KiB.
            assert after - before < 4000, (before, after)


# Between the signals, in seconds: the reading is to end before, while and after the stages behind it do.
STOP_DELAYS = (0, 0, 0.005, 0.01, 0.02, 0.04)


def test_stop_while_reading():
    """What was read while the stages ended is taken by nobody, for there is nobody left to give it to."""
    feeds = feeds_file({f"f{i}": feed(f"http://127.0.0.1:9/{i}") for i in range(LARGE)})
    for delay in STOP_DELAYS:
        with wire.folder() as work, Daemon(work, feeds) as daemon:
            for _ in range(3):
                daemon.process.send_signal(signal.SIGHUP)
            time.sleep(delay)
            assert daemon.stop() == 0, daemon.status_code
            assert "stopped" in daemon.log_path.read_text()


def test_large():
    """One file of a large configuration changes: what the loop has to do for it, and how long it takes."""
    files = max(1, LARGE // 1000)
    with wire.folder() as work:
        daemon = Daemon(work, "")
        for k in range(files):
            daemon.write(f"feeds.d/{k:04}.yaml", feeds_file(
                {f"f{i}": f"url: \"http://127.0.0.1:9/{k}/{i}\", enabled: false" for i in range(LARGE // files)},
                f"x-b{k}"))
        daemon.start()
        wire.wait_until("the daemon to answer", daemon.status_or_none, 300)
        with contextlib.ExitStack() as stack:
            stack.callback(daemon.stop)
            slowest, over = [0.0], threading.Event()

            def ask():
                while not over.is_set():
                    began = time.monotonic()
                    daemon.get("/v1/reload")
                    slowest[0] = max(slowest[0], time.monotonic() - began)
            daemon.write("feeds.d/0000.yaml", feeds_file(
                {f"g{i}": f"url: \"http://127.0.0.1:9/{i}\", enabled: false" for i in range(10)}, "x-b0"))
            threading.Thread(target=ask).start()
            began = time.monotonic()
            try:
                daemon.reload(0, f"10 added, 0 changed, {LARGE // files} removed")
            finally:
                over.set()
            took = time.monotonic() - began
            report = json.loads(daemon.get("/v1/reload")[1])
            print(f"{LARGE} feeds in {files} files, one changed: {took:.2f} s (read in {report['took_ms']} ms, "
                  f"the loop's part {report['loop_us']} µs; slowest answer meanwhile {slowest[0] * 1000:.0f} ms)")


if __name__ == "__main__":
    wire.main([test_feeds_come_change_and_go, test_what_is_broken_stays, test_vanished_references,
               test_themes_and_rules, test_polls_under_way, test_waiting_for_another_host, test_another_name, test_paused,
               test_settings, test_signal_and_service_manager, test_often, test_stop_while_reading, test_large])
