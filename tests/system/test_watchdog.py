#!/usr/bin/python3
"""systemd's watchdog is fed while every thread gets on, and no longer: each is made to hang for real.
The line of status says how the daemon is."""
import contextlib
import ctypes
import os
import pathlib
import queue
import re
import resource
import signal
import socket
import threading
import time

import wire

HANG = wire.BUILD / "tests" / "system" / "libhang.so"
# As in hang.c.
FLAGS = ("journal", "worker", "control", "loop")
WATCHDOG_S = 1
# The bus has 20 s to say something; `./dev chaos` waits for that.
LONG = bool(os.environ.get("CIVICWIRE_HANGS"))
RSS = "<rss version='2.0'><channel><title>T</title><item><guid>{0}</guid><title>{0}</title></item></channel></rss>"


class Manager:
    """What systemd would be for the daemon: a socket that is told, and an interval."""

    def __init__(self, work):
        self.flags = pathlib.Path(work) / "flags"
        self.flags.write_bytes(bytes(len(FLAGS)))
        path = str(pathlib.Path(work) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.status, self.said = [], queue.Queue()
        # It must always listen: what it does not take holds the sender.
        threading.Thread(target=self.listen, daemon=True).start()
        self.environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000),
                            "LD_PRELOAD": str(HANG), "CIVICWIRE_HANG": str(self.flags)}

    def __enter__(self):
        os.environ.update(self.environment)
        return self

    def __exit__(self, *_):
        for name in self.environment:
            del os.environ[name]
        self.socket.close()

    def hang(self, name, does):
        with open(self.flags, "r+b") as f:
            f.seek(FLAGS.index(name))
            f.write(bytes([does]))

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                lines = self.socket.recv(4096).decode().split("\n")
                self.status += [line[7:] for line in lines if line.startswith("STATUS=")]
                self.said.put(lines)

    def hear(self, seconds):
        """One message, or None within that time."""
        with contextlib.suppress(queue.Empty):
            return self.said.get(timeout=seconds)
        return None

    def drain(self):
        while self.hear(0.001):
            pass

    def wait_fed(self, times=3):
        self.drain()
        wire.wait_until("the watchdog to be fed", lambda: self.is_fed() and self.is_fed() and self.is_fed(), 60)

    def is_fed(self):
        return "WATCHDOG=1" in (self.hear(5) or [])

    def wait_starved(self):
        """Nothing comes for much longer than it came before."""
        self.drain()

        def silent():
            end = time.monotonic() + 2 * WATCHDOG_S
            while time.monotonic() < end:
                if "WATCHDOG=1" in (self.hear(max(0.01, end - time.monotonic())) or []):
                    return False
            return True
        wire.wait_until("the watchdog not to be fed any more", silent, 60)


def poke_journal(daemon, feed):
    feed.write_text(RSS.format("journal"))
    daemon.refresh("a")


def poke_worker(daemon, feed):
    feed.write_text(RSS.format("worker"))
    daemon.refresh("a")


def poke_control(daemon, _):
    with contextlib.suppress(OSError):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(daemon.state / "control.sock"))
        s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        daemon.poked = s  # stays open


def poke_loop(daemon, _):
    with contextlib.suppress(OSError):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(daemon.state / "control.sock"))
        s.sendall(f"POST /v1/refresh?feed={wire.feed_id('b')} HTTP/1.0\r\n\r\n".encode())
        daemon.poked = s


@contextlib.contextmanager
def daemon_with_files(work):
    """Feed a is a file, feed b a server that is not there."""
    path = pathlib.Path(work) / "a.xml"
    path.write_text(RSS.format("first"))
    feeds = {"a": f"file://{path}", "b": f"http://127.0.0.1:{wire.free_port()}/x"}
    with wire.Daemon(work, feeds, interval="1h", settings="fetch: { allow_file: true, gap: 0s }\nhosts: []\n") as daemon:
        yield daemon, path


def test_each_thread():
    began = time.monotonic()
    with wire.folder() as work, Manager(work) as manager:
        with daemon_with_files(work) as (daemon, feed):
            manager.wait_fed()
            wire.wait_until("both feeds to be polled", lambda: all(
                f["health"] != "new" and not f["polling"] for f in daemon.feeds().values()))
            for name, poke, words in (("journal", poke_journal, "the journal has hung"),
                                      ("worker", poke_worker, "the parsing of a document has hung"),
                                      ("control", poke_control, "the control socket has hung"),
                                      ("loop", poke_loop, None)):
                manager.hang(name, True)
                poke(daemon, feed)
                manager.wait_starved()
                if words:
                    wire.wait_until("the log to name it", lambda: words in daemon.log_path.read_text())
                manager.hang(name, False)
                manager.wait_fed()
                print(f"  {name}: starved while it hung, fed again after it")
            check_status(manager, began)
        manager.drain()
        assert manager.status[-1] == "stopping", manager.status


def check_status(manager, began):
    def says(words):
        manager.hear(1)
        return any(re.search(words, s) for s in manager.status)
    assert says("^feeds: [01] fine, [01] failing, 0 paused, [12] not polled yet; event [01] is the newest"), manager.status
    wire.wait_until("another line", lambda: says(r"^feeds: 1 fine, 1 failing, 0 paused; event \d is the newest \(20"))
    # It comes with a change only, and not more often than each ten seconds.
    assert len(manager.status) <= 2 + (time.monotonic() - began) / 10, manager.status


def test_failing_is_not_hanging():
    """A disk that is full holds everything back, and no restart would help."""
    with wire.folder() as work, Manager(work) as manager:
        with daemon_with_files(work) as (daemon, feed):
            manager.wait_fed()
            limits = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
            feed.write_text(RSS.format("second"))
            daemon.refresh("a")
            wire.wait_until("the journal to be in trouble", lambda: not daemon.status()["journal"]["writable"])
            end = time.monotonic() + 3 * WATCHDOG_S
            while time.monotonic() < end:
                assert manager.is_fed() or manager.is_fed(), "not fed while the disk is full"
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, limits)
            wire.wait_until("the journal to be well", lambda: daemon.status()["journal"]["writable"])


PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


@contextlib.contextmanager
def stopped_thread(pid, name):
    """One thread stands still, the others of its process do not."""
    tid, = [int(t.name) for t in pathlib.Path(f"/proc/{pid}/task").iterdir() if (t / "comm").read_text().strip() == name]
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for what in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        assert ptrace(what, tid, None, None) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        # Whoever traces a thread that has ended must take note of it.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(tid, 0x40000000)[1] & 0xFF == 0x7F:  # __WALL; it has only stopped
                pass


def test_bus():
    """The bus is started again by the daemon itself: systemd need not end everything for it."""
    if not LONG:
        print("  skipped: set CIVICWIRE_HANGS (./dev chaos does)")
        return
    with wire.folder() as work, Manager(work) as manager:
        with daemon_with_files(work) as (daemon, feed):
            first = daemon.status()["bus"]["pid"]
            os.kill(first, signal.SIGSTOP)
            second = wire.wait_until("another bus", lambda: daemon.status()["bus"].get("pid") not in (None, first) and
                                     daemon.ping() and daemon.status()["bus"]["pid"], 90)
            assert "the bus has said nothing for 20 s" in daemon.log_path.read_text()
            for name in ("live", "replay"):
                with stopped_thread(second, f"bus-{name}"):
                    wire.wait_until(f"the bus to find that {name} hangs", lambda: f"{name} hangs: ending" in
                                    daemon.log_path.read_text(), 90)
                second = wire.wait_until("another bus", lambda: daemon.status()["bus"].get("pid") not in (None, second)
                                         and daemon.ping() and daemon.status()["bus"]["pid"], 90)
            manager.wait_fed()


if __name__ == "__main__":
    wire.main([test_each_thread, test_failing_is_not_hanging, test_bus])
