#!/usr/bin/python3
"""`civicwire feeds`, `refresh` and `top` of a running daemon: which feeds are shown and in which order, what is polled
when, and what a terminal is left like."""
import fcntl
import json
import os
import pty
import resource
import select
import signal
import struct
import subprocess
import termios
import time

import wire

FEED = '<rss version="2.0"><channel><title>T</title>{}</channel></rss>'
ITEM = "<item><guid>{0}</guid><title>{0}</title></item>"
# One more than a page of `feeds`.
MANY = int(os.environ.get("CIVICWIRE_FEEDS", "2100"))


def run(daemon, verb, *args, code=0):
    done = subprocess.run([wire.CLI, verb, "--socket", daemon.state / "control.sock", *args], capture_output=True, text=True,
                          timeout=120, env=wire.environment())
    assert done.returncode == code, (verb, args, done)
    return done.stdout or done.stderr


def ids(daemon, *args, code=0):
    return [f["id"] for f in json.loads(run(daemon, "feeds", "--json", *args, code=code))]


def city(name, *feeds, networks=""):
    return f"""{networks}cities:
  - id: {name}
    name: {{ en: C }}
    agencies:
      - id: a
        name: {{ en: A }}
        allow_net: ["127.0.0.0/8"]
        interval: 6h
        feeds:
""" + "".join(f'          - {{ id: {i}, url: "{url}"{more} }}\n' for i, url, more in feeds)


def test_filters():
    with wire.folder() as work:
        (work / "www").mkdir()
        for n, name in enumerate("abc"):
            (work / "www" / f"{name}.xml").write_text(FEED.format("".join(ITEM.format(i) for i in range(n + 1))))
        with wire.Nginx(work, work / "www") as nginx:
            daemon = wire.Daemon(work, {"one": nginx.url("a.xml")}, interval="6h")
            (daemon.config / "feeds.d" / "b.yaml").write_text(city(
                "co-mde", ("b", nginx.url("b.xml"), ""), ("bad", nginx.url("none.xml"), ""),
                ("off", nginx.url("c.xml"), ", enabled: false"),
                networks="networks: [ { id: net, name: { en: N }, cities: [co-mde] } ]\n"))
            (daemon.config / "feeds.d" / "c.yaml").write_text(city(
                "mx-mex", ("c", nginx.url("c.xml"), ""), ("d", "http://127.0.0.2:1/", "")))
            with daemon:
                wire.wait_until("all to be polled", lambda: all(
                    f["health"] != "new" or f["paused"] for f in daemon.feeds().values()))
                every = sorted(["x-test.feeds.one", "co-mde.a.b", "co-mde.a.bad", "co-mde.a.off", "mx-mex.a.c", "mx-mex.a.d"])
                filters(daemon, every, nginx)
                orders(daemon, every)
                assert completed(daemon, "refresh", "co-mde.a.b") == ["co-mde.a.b", "co-mde.a.bad"]
                assert completed(daemon, "feeds", "") == every
                refresh(daemon, nginx)
                once(daemon)


def filters(daemon, every, nginx):
    assert ids(daemon, code=1) == every
    assert ids(daemon, "--failing", code=1) == ["co-mde.a.bad", "mx-mex.a.d"]
    assert ids(daemon, "--paused") == ["co-mde.a.off"]
    assert ids(daemon, "--city", "x-test") == ["x-test.feeds.one"]
    assert ids(daemon, "--network", "net", "*.b*", code=1) == ["co-mde.a.b", "co-mde.a.bad"]
    assert ids(daemon, "--host", "127.0.0.2:1", code=1) == ["mx-mex.a.d"]
    assert ids(daemon, "--host", f"127.0.0.1:{nginx.port}", "--city", "mx-mex") == ["mx-mex.a.c"]
    assert ids(daemon, "--quiet-since", "1h") == [] and len(ids(daemon, "--quiet-since", "2100-01-01", "x-test", "mx-mex.a.c")) == 2
    assert ids(daemon, "co-mde.a.b", "mx-mex.a.c") == ["co-mde.a.b", "mx-mex.a.c"], "not co-mde.a.bad"
    text = run(daemon, "feeds", code=1)
    assert "co-mde.a.off      paused" in text and "404" in text, text
    assert run(daemon, "feeds", "--city", "none") == "no such feed\n"
    for wrong in (("--sort", "colour"), ("--quiet-since", "yesterday"), ("--failling",)):
        assert "Try 'civicwire feeds --help'" in run(daemon, "feeds", *wrong, code=64)


def orders(daemon, every):
    assert ids(daemon, "--sort", "items", "x-test", "co-mde.a.b", "mx-mex.a.c") == ["mx-mex.a.c", "co-mde.a.b", "x-test.feeds.one"]
    assert ids(daemon, "--reverse", code=1) == every[::-1]
    assert set(ids(daemon, "--sort", "failures", code=1)[:2]) == {"co-mde.a.bad", "mx-mex.a.d"}
    assert ids(daemon, "--sort", "state", code=1)[-1] == "co-mde.a.off"
    for order in ("success", "due", "change", "host", "id"):
        assert sorted(ids(daemon, "--sort", order, code=1)) == every, order


def completed(daemon, *words):
    """What bash offers for the last of the words."""
    script = daemon.work / "completion"
    script.write_text(subprocess.run([wire.CLI, "completion", "bash"], capture_output=True, text=True, check=True).stdout)
    ask = 'source "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _civicwire; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask, "bash", script, wire.CLI, *words], capture_output=True, text=True, check=True,
                          env=dict(wire.environment(), CIVICWIRE_SOCKET=str(daemon.state / "control.sock")))
    return done.stdout.split()


def refresh(daemon, nginx):
    before = len(nginx.requests())
    text = run(daemon, "refresh", "co-mde.a", "x-test.feeds.one")
    assert "co-mde.a.off  is not polled" in text and text.count("\n") == 4, text
    wire.wait_until("the polls", lambda: len(nginx.requests()) >= before + 3)
    text = run(daemon, "refresh", "--failing", "co-mde")
    assert text.startswith("co-mde.a.bad  ") and text.count("\n") == 1, text
    assert run(daemon, "refresh", "no-such", code=1) == "civicwire refresh: no such feed\n"
    assert "--failing" in run(daemon, "refresh", code=64)


def test_politeness():
    """A host with a pause of a minute: who is polled when is told, and nobody is polled before."""
    with wire.folder() as work:
        (work / "www").mkdir()
        names = [f"f{i}" for i in range(4)]
        for name in names:
            (work / "www" / f"{name}.xml").write_text(FEED.format(ITEM.format(1)))
        with wire.Nginx(work, work / "www") as nginx:
            settings = f"hosts: [ {{ host: '127.0.0.1:{nginx.port}', gap: 1min }} ]"
            with wire.Daemon(work, {n: nginx.url(f"{n}.xml") for n in names}, interval="6h", settings=settings) as daemon:
                wire.wait_until("the first poll", lambda: len(nginx.requests()) == 1 and not any(
                    f["polling"] for f in daemon.feeds().values()))
                polled, = [i for i, f in daemon.feeds().items() if f["health"] == "fine"]
                lines = run(daemon, "refresh", "x-test").splitlines()
                said = {line.split()[0]: line for line in lines}
                waiting = sorted(line.split("in ", 1)[1] for i, line in said.items())
                assert len(said) == 4 and sum("after 1 other of its server" in w for w in waiting) == 1, lines
                assert "after 3 others of its server" in said[polled], "it comes last, as it was polled just now"
                assert len(nginx.requests()) == 1, "a server was asked within its pause"


def once(daemon):
    wire.wait_until("the bus to say how far it is", lambda: "live is 0 events behind" in run(daemon, "top"))
    text = run(daemon, "top")
    for words in ("civicwired 0", "events/s", "polls/s", "subscribers", "lag          live is 0 events behind",
                  "feeds        6: 3 fine, 2 failing, 0 gone, 0 new, 1 paused", "co-mde.a.bad"):
        assert words in text, (words, text)
    assert "\033" not in text
    assert "civicwire top --help" in run(daemon, "top", "--interval", "1", code=64)


class Terminal:
    """`civicwire top` on a terminal of its own."""

    def __init__(self, daemon, rows=20, columns=60):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen([wire.CLI, "top", "--interval", "200ms", "--socket", daemon.state / "control.sock"],
                                        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env=wire.environment())
        self.slave, self.screen = slave, b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def see(self, words, seconds=20):
        """Reads until the words have come; what was read."""
        seen, end = b"", time.monotonic() + seconds
        while words not in seen:
            assert time.monotonic() < end, (words, seen[-2000:])
            if select.select([self.master], [], [], 0.1)[0]:
                seen += os.read(self.master, 65536)
        self.screen += seen
        return seen

    def end(self, code):
        self.see(b"\033[?1049l")
        assert self.process.wait(20) == code, self.process.returncode
        assert termios.tcgetattr(self.slave) == self.before, "the terminal is not as it was"
        assert self.screen.count(b"\033[?1049h") == self.screen.count(b"\033[?1049l"), "the other screen is still there"
        assert self.screen.rindex(b"\033[?25h") > self.screen.rindex(b"\033[?25l"), "the cursor is still hidden"
        os.close(self.slave)
        os.close(self.master)


def frame(seen):
    """The lines of the last whole frame."""
    return seen.split(b"\033[H")[-2].split(b"\033[J")[0].split(b"\r\n")


def test_top():
    with wire.folder() as work:
        daemon = wire.Daemon(work, {"bad": "http://127.0.0.1:1/" + "x" * 100}, interval="6h")
        with daemon:
            terminal = Terminal(daemon)
            terminal.see(b"FAILING FOR")
            seen = terminal.see(b"\033[H") + terminal.see(b"\033[H")
            lines = frame(b"\033[H" + seen)
            assert len(lines) <= 20 and max(len(line.replace(b"\033[K", b"")) for line in lines) <= 60, lines
            terminal.resize(5, 100)
            terminal.see(b"\033[J")
            seen = terminal.see(b"\033[J") + terminal.see(b"\033[J")
            assert len(frame(seen)) == 5, seen
            os.write(terminal.master, b"x")
            os.write(terminal.master, b"q")
            terminal.end(0)
            stop_and_go(Terminal(daemon))
            ended(Terminal(daemon), signal.SIGTERM)
            ended(Terminal(daemon), signal.SIGHUP)
            interrupted = Terminal(daemon)
            interrupted.see(b"events/s")
            os.write(interrupted.master, b"\x03")
            interrupted.end(0)
            waiting = Terminal(daemon)
            waiting.see(b"events/s")
            daemon.stop()
            waiting.see(b"NO ANSWER FROM THE DAEMON")
            daemon.start().wait_ready()
            assert b"NO ANSWER" not in (waiting.see(b"running for"), waiting.see(b"\033[H"), waiting.see(b"\033[H"))[-1]
            os.write(waiting.master, b"q")
            waiting.end(0)
        absent = subprocess.run([wire.CLI, "top", "--socket", work / "none"], capture_output=True, text=True)
        assert absent.returncode == 69 and "no civicwired answers" in absent.stderr and not absent.stdout, absent


def ended(terminal, number):
    terminal.see(b"events/s")
    terminal.process.send_signal(number)
    terminal.end(0)


def stop_and_go(terminal):
    """Ctrl-Z: the terminal is clean while it is stopped, and drawn on again after."""
    terminal.see(b"events/s")
    terminal.process.send_signal(signal.SIGTSTP)
    terminal.see(b"\033[?1049l")
    wire.wait_until("it to stop", lambda: open(f"/proc/{terminal.process.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T")
    assert termios.tcgetattr(terminal.slave) == terminal.before
    terminal.process.send_signal(signal.SIGCONT)
    terminal.see(b"\033[?1049h")
    terminal.see(b"events/s")
    os.write(terminal.master, b"q")
    terminal.end(0)


def test_many():
    """More feeds than a page; CIVICWIRE_FEEDS says how many. Prints what it costs."""
    with wire.folder() as work:
        daemon = wire.Daemon(work, {})
        feeds = [(f"f{i:06}", f"http://127.0.0.1:1/{i}", "") for i in range(MANY)]
        (daemon.config / "feeds.d" / "b.yaml").write_text(city("co-mde", *feeds))
        with daemon:
            for args in ((), ("--failing",), ("--sort", "due"), ("co-mde.a.f00001*",), ("--json",)):
                start, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
                done = subprocess.run([wire.CLI, "feeds", "--socket", daemon.state / "control.sock", *args],
                                      capture_output=True, text=True, env=wire.environment())
                now = resource.getrusage(resource.RUSAGE_CHILDREN)
                print(f"  feeds {' '.join(args)}: {time.monotonic() - start:.2f} s, {now.ru_utime - cpu.ru_utime:.2f} s of CPU, "
                      f"{now.ru_maxrss >> 10} MiB, {len(done.stdout) >> 10} KiB")
                assert done.returncode in (0, 1) and not done.stderr, done
            found = [f["id"] for f in json.loads(done.stdout)]
            assert found == [f"co-mde.a.{i}" for i, _, _ in feeds], "not all, or not in order, or one twice"
            start = time.monotonic()
            daemon.status()
            print(f"  status: {time.monotonic() - start:.3f} s")


if __name__ == "__main__":
    wire.main([test_filters, test_politeness, test_top, test_many])
