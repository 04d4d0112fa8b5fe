#!/usr/bin/python3
"""The daemon's beginning and end: what cannot start says so, leaves nothing behind and does not hang,
also while somebody asks it things; SIGTERM ends it in good order at any moment."""
import contextlib
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import wire

FEED = wire.SOURCE / "config" / "demo" / "feeds" / "cgai-noticias.xml"
NOBODY = "http://127.0.0.1:9/feed.xml"


def busses():
    """The bus processes of this build."""
    found = set()
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (path / "cmdline").read_bytes().split(b"\0")[1:2] == [b"--bus"] and \
                    os.path.samefile(path / "exe", wire.DAEMON):
                found.add(int(path.name))
    return found


def bind_something():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    return s


@contextlib.contextmanager
def askers(path, n=4):
    """Threads that ask the control socket as fast as they can."""
    over = threading.Event()

    def ask(request):
        while not over.is_set():
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
                s.settimeout(2)
                s.connect(str(path))
                s.sendall(request)
                s.recv(1000)

    threads = [threading.Thread(target=ask, args=(b"POST /v1/refresh?feed=x-test.feeds.f1 HTTP/1.0\r\n\r\n" if i % 2 else
                                                  b"GET /v1/feeds HTTP/1.0\r\n\r\n",)) for i in range(n)]
    for t in threads:
        t.start()
    try:
        yield
    finally:
        over.set()
        for t in threads:
            t.join()


def journal_is_folder(state):
    (state / "journal.db").mkdir()


def journal_is_none(state):
    (state / "journal.db").write_bytes(b"no database\n" * 1000)


def socket_is_file(state):
    (state / "control.sock").write_text("precious")


def test_verbose():
    """Each poll and each commit, with fields."""
    with wire.folder() as work:
        daemon = wire.Daemon(work, {"a": f"file://{FEED}", "b": NOBODY}, interval="1h",
                             settings="fetch: { allow_file: true }\n")
        daemon.start("--verbose").wait_ready()
        try:
            wire.wait_until("both to be polled", lambda: all(f.get("last_poll") for f in daemon.feeds().values()))
        finally:
            daemon.stop()
        log = daemon.log_path.read_text()
        for words in (r"x-test\.feeds\.a was polled: .* city=x-test url=file:.* duration_ms=\d+ outcome=body",
                      r"x-test\.feeds\.b was polled: .* http_status=0 duration_ms=\d+ outcome=network",
                      r"\d+ events are durable first_event=1 last_event=\d+"):
            assert re.search(words, log), (words, log)


def test_what_cannot_start():
    cases = ((journal_is_folder, "journal.db"), (journal_is_none, "is not a journal"),
             (socket_is_file, "is no socket"), (None, "status port"))
    before = busses()
    for spoil, words in cases:
        with wire.folder() as work, bind_something() as taken:
            settings = "" if spoil else f"status: {{ bind: '127.0.0.1:{taken.getsockname()[1]}' }}"
            daemon = wire.Daemon(work, {"f1": NOBODY}, settings=settings)
            if spoil:
                spoil(daemon.state)
            with askers(daemon.state / "control.sock"):
                for _ in range(1 if spoil else 10):
                    r = subprocess.run([wire.DAEMON, "--config", daemon.config, "--state", daemon.state],
                                       stderr=subprocess.PIPE, text=True, timeout=60, env=wire.environment())
                    assert r.returncode in (71, 73, 74), r
                    lines = [line for line in r.stderr.splitlines() if "cannot start" in line]
                    assert len(lines) == 1 and words in lines[0], r.stderr
            if spoil is socket_is_file:
                assert (daemon.state / "control.sock").read_text() == "precious"
    wire.wait_until("every bus to be gone", lambda: busses() <= before)


def minds_sigterm(process):
    """Has it said what is to be done at one? Before that it dies of it, with nothing done yet."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.M)[1], 16) >> (signal.SIGTERM - 1) & 1


def test_stop_while_asked():
    with wire.folder() as work:
        daemon = wire.Daemon(work, {f"f{n}": NOBODY for n in range(100)})
        with askers(daemon.state / "control.sock"):
            for early, pause in ((True, 0), (True, 0.02), (True, 0.1), (False, 0), (False, 0.05), (False, 0.2), (False, 0.4)):
                daemon.start()
                if not early:
                    wire.wait_until("signals to be minded", lambda: minds_sigterm(daemon.process), step=0.001)
                time.sleep(pause)
                minded = minds_sigterm(daemon.process)
                code = daemon.stop()
                assert code == 0 or (code == -signal.SIGTERM and not minded), (code, pause, minded)
        assert not (daemon.state / "control.sock").exists()


def test_two_signals_are_one_wish():
    """Ctrl-C reaches the daemon from the terminal, and again from whoever started it."""
    with wire.folder() as work, wire.Daemon(work, {"f1": NOBODY}) as daemon:
        daemon.process.send_signal(signal.SIGINT)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(30) == 0
        assert "at once" not in daemon.log_path.read_text()


def test_stop_with_a_full_disk():
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        names = [f"f{n}" for n in range(20)]
        for name in names:
            wire.put_file(root / f"{name}.xml", FEED.read_bytes(), 1_600_000_000)
        with wire.Nginx(work, root) as nginx:
            with wire.Daemon(work, {name: nginx.url(f"{name}.xml") for name in names}, interval="6h") as daemon:
                wire.wait_until("the feeds to be read", lambda: daemon.status()["feeds"]["fine"] == len(names))
                head = daemon.status()["journal"]["head"]
                resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
                for n, name in enumerate(names):
                    text = FEED.read_text().replace("<item>", f"<item><title>More {n}</title></item><item>", 1)
                    wire.put_file(root / f"{name}.xml", text.encode(), 1_600_000_100)
                    daemon.refresh(name)
                wire.wait_until("the trouble to be seen", lambda: not daemon.status()["journal"]["writable"])
                assert daemon.get("/healthz")[0] == 503
                start = time.monotonic()
                daemon.process.terminate()
                assert daemon.process.wait(30) == 0
                print(f"  ended after {time.monotonic() - start:.1f} s")
                daemon.start().wait_ready()
                for name in names:
                    daemon.refresh(name)
                wire.wait_until("what was dropped to be journaled after all",
                                lambda: daemon.status()["journal"]["head"] >= head + len(names))
                wire.check_sequence(wire.Replay(daemon.replay).all()[0], 1)


if __name__ == "__main__":
    wire.main([test_verbose, test_what_cannot_start, test_stop_while_asked, test_two_signals_are_one_wish, test_stop_with_a_full_disk])
