#!/usr/bin/python3
"""The bus as the daemon starts it: what holds it, what it does not know, and that all of it works under
the system calls of the shipped unit."""
import http.server
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import wire

FEED = b"""<rss version="2.0"><channel><title>T</title><item><guid>1</guid><title>One</title></item></channel></rss>"""
LAYERS = ["files", "ports", "signals", "calls", "sealed"]
UNDER_UNIT = pathlib.Path(__file__).with_name("under_unit.py")
NOBODY = 65534


class Origin(http.server.ThreadingHTTPServer):
    """Serves one feed and keeps what its clients log in with."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(FEED)))
            self.end_headers()
            self.wfile.write(FEED)

        def log_message(self, *_):
            pass

    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_port}/feed"


def bus_of(daemon):
    """Its process, once it has said what confines it."""
    return wire.wait_until("a bus that has told its state", lambda: (
        lambda bus: bus["running"] and bus["confined"] and bus["pid"])(daemon.status()["bus"]))


def state_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.M))


def memory_has(pid, *needles):
    """Which of the needles are in the process's memory. Its environment and arguments are a part of that."""
    found, longest = set(), max(map(len, needles))
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            first, last, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            first, last = int(first, 16), int(last, 16)
            tail = b""
            while rights[0] == "r" and first < last:
                try:
                    mem.seek(first)
                    piece = mem.read(min(1 << 20, last - first))
                except (OSError, OverflowError, ValueError):  # [vvar], [vsyscall]
                    break
                if not piece:
                    break
                found |= {n for n in needles if n in tail + piece}
                tail, first = piece[-longest:], first + len(piece)
    return found


def descriptors(pid):
    folder = f"/proc/{pid}/fd"
    links = []
    for fd in os.listdir(folder):
        try:
            links.append(os.readlink(f"{folder}/{fd}"))
        except FileNotFoundError:
            pass
    return links


def test_layers():
    """What the kernel has holds, and is told; a bus that comes after another is no freer."""
    with wire.folder() as work:
        sockets = [work / "live", work / "replay"]
        with wire.Daemon(work, {}, live=f"ipc://{sockets[0]}", replay=f"ipc://{sockets[1]}") as daemon:
            for _ in range(2):
                pid = bus_of(daemon)
                layers = daemon.status()["bus"]["confined"]
                print("confined by:", *layers)
                assert set(layers) <= set(LAYERS) and {"calls", "sealed"} <= set(layers), layers
                state = state_of(pid)
                assert state["NoNewPrivs"] == "1" and state["Seccomp"] == "2", state
                metrics = daemon.get("/metrics")[1].decode()
                assert re.search(rf"^civicwire_bus_confined {len(layers)}$", metrics, re.M), metrics
                said = subprocess.run([wire.CLI, "status", "--socket", daemon.state / "control.sock"],
                                      capture_output=True, text=True, env=wire.environment()).stdout
                assert "confined by: " + " ".join(layers) in said, said
                assert all(s.is_socket() for s in sockets)
                os.kill(pid, signal.SIGKILL)
                wire.wait_until("a new bus", lambda: daemon.status()["bus"].get("pid", pid) != pid)
                wire.wait_until("it to serve", daemon.ping)
            daemon.kill()  # the socket of its bus stays …
            wire.wait_until("the bus to end with its daemon", lambda: not bus_is_there(work))
            daemon.start().wait_ready()  # … and is no hindrance
        assert not any(s.exists() for s in sockets), "the daemon leaves sockets behind"


def bus_is_there(work):
    """Is there a process that has this folder's journal open?"""
    return any(str(work) in link for pid in os.listdir("/proc") if pid.isdigit() for link in readable(pid))


def readable(pid):
    try:
        return descriptors(pid)
    except OSError:
        return []


def test_secrets():
    """What the daemon fetches with, and finds its credentials by, is in none of what a bus has."""
    if os.geteuid() != 0:
        print("skipped: only root may look into a bus")
        return
    in_file, in_credential, in_environment = (f"{w}-{os.urandom(12).hex()}".encode() for w in ("file", "cred", "env"))
    secrets = (in_file, in_credential, in_environment)
    with wire.folder() as work:
        credentials = work / "credentials"
        credentials.mkdir()
        (credentials / "feed-token").write_bytes(in_credential + b"\n")
        (work / "token").write_bytes(in_file + b"\n")
        origin = Origin()
        os.environ.update(CREDENTIALS_DIRECTORY=str(credentials), http_proxy_password=in_environment.decode())
        try:
            daemon = wire.Daemon(work, {"by-file": origin.url(), "by-credential": origin.url()})
            at_feed = re.compile(r"(- id: (by-\w+)\n)( +)")
            config = daemon.config / "feeds.d" / "test.yaml"
            named = {"by-file": f"bearer_file: {work}/token", "by-credential": "bearer_credential: feed-token"}
            config.write_text(at_feed.sub(lambda m: f"{m[1]}{m[3]}auth: {{ {named[m[2]]} }}\n{m[3]}", config.read_text()))
            with daemon:
                daemon.poll_now("by-file", "by-credential")
                used = {f"Bearer {s.decode()}" for s in (in_file, in_credential)}
                assert used <= set(origin.seen), origin.seen
                found = set()  # a token is there while its transfer is, and for as long as nothing else lies there

                def all_found():
                    daemon.poll_now("by-file", "by-credential")
                    found.update(memory_has(daemon.process.pid, *secrets))
                    return found == set(secrets)
                wire.wait_until("the search to find all secrets where they are", all_found)
                for _ in range(2):  # the second one is made by a daemon that has used them
                    pid = bus_of(daemon)
                    assert not memory_has(pid, *secrets)
                    assert memory_has(pid, b"civicwired-bus"), "nothing was searched"
                    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
                    assert b"CREDENTIALS" not in environment and not any(s in environment for s in secrets), environment
                    links = descriptors(pid)
                    files = sorted(pathlib.Path(x).name for x in set(links) if x.startswith("/") and "/dev/" not in x)
                    assert files == ["daemon.log", "journal.db", "journal.db-shm", "journal.db-wal"], links
                    os.kill(pid, signal.SIGKILL)
                    wire.wait_until("a new bus", lambda: daemon.ping() and daemon.status()["bus"].get("pid") != pid)
        finally:
            del os.environ["CREDENTIALS_DIRECTORY"], os.environ["http_proxy_password"]
            origin.shutdown()
            origin.server_close()


class UnderUnit(wire.Daemon):
    """A daemon with no more system calls than its unit gives it, and not as root."""

    def start(self, *options):
        self.log = open(self.log_path, "ab")
        command = [sys.executable, UNDER_UNIT, wire.BUILD / "systemd" / "civicwired.service", wire.DAEMON,
                   "--config", self.config, "--state", self.state, *options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=wire.environment())
        return self


def nobody_reaches(path):
    return os.geteuid() != 0 or subprocess.run(["setpriv", f"--reuid={NOBODY}", "--clear-groups", "test", "-x", path]).returncode == 0


def test_unit():
    """Daemon and bus do all their work within the unit's SystemCallFilter, which kills whoever leaves it."""
    if not shutil.which("systemd-analyze") or not nobody_reaches(wire.DAEMON):
        print("skipped: there is no systemd-analyze, or the build is out of a plain user's reach")
        return
    with wire.folder() as work:
        origin = Origin()
        daemon = UnderUnit(work, {"one": origin.url()})
        for path in [work, *work.rglob("*")] if os.geteuid() == 0 else []:
            os.chown(path, NOBODY, NOBODY)
        with daemon:
            live = wire.Live(daemon.live)
            live.wait_joined()
            daemon.poll_now("one")
            events, _ = wire.Replay(daemon.replay).all(topics=("feed/",))
            assert [e["data"]["title"] for e in events] == ["One"], events
            bus_of(daemon)
            status = daemon.status()["bus"]
            assert status["starts"] == 1, status
            live.stop()
        assert daemon.status_code == 0, daemon.status_code
        assert "signal 31" not in daemon.log_path.read_text()
        origin.shutdown()
        origin.server_close()


wire.main([test_layers, test_secrets, test_unit])
