#!/usr/bin/python3
"""The clients that the documents show, as printed: Python's ten lines, C against the installed library, and
those of docs/clients."""
import os
import re
import shutil
import subprocess
import sys

import wire

README = wire.SOURCE / "README.md"
MANUAL = wire.SOURCE / "man" / "civicwire-wire.7.scd"
PROTOCOL = wire.CORPUS.parent / "design" / "WIRE.md"
FEED = wire.SOURCE / "config" / "demo" / "feeds" / "cgai-noticias.xml"


def block(path, language, *words):
    """The first fenced block of a language that holds these words."""
    for text in re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.S):
        if all(w in text for w in words):
            return text
    raise AssertionError(f"no {language} block with {words} in {path}")


def with_daemon(test):
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        wire.put_file(root / "feed.xml", FEED.read_bytes(), 1_600_000_000)
        with wire.Nginx(work, root) as nginx:
            # The clients show the default endpoints; each daemon here has its own.
            with wire.Daemon(work, {"news": nginx.url("feed.xml")}, interval="6h",
                             feed_lines="themes: [climate]") as daemon:
                wire.wait_until("the feed to be read", lambda: daemon.status()["journal"]["head"] > 0)
                daemon.wait_published()
                test(work, daemon, wire.Replay(daemon.replay).all()[0])
                assert daemon.stop() == 0


def run_python(code):
    """A program that prints a line for each event, the title in it."""
    def run(work, daemon, events):
        script = work / "client.py"
        script.write_text(code.replace("tcp://127.0.0.1:5571", daemon.replay))
        client = subprocess.Popen([sys.executable, "-u", script], stdout=subprocess.PIPE, text=True)
        lines = [client.stdout.readline() for _ in events]
        client.kill()
        client.wait()
        for line, event in zip(lines, events):
            assert event["data"]["title"] in line, (line, event)
        print(f"  {len(lines)} lines, as many as events")
    with_daemon(run)


def test_python_of_the_readme():
    run_python(block(README, "python", "recv_multipart"))


def test_python_of_the_manual():
    code, = re.findall(r"^```\n(import .*?)^```$", MANUAL.read_text(), re.M | re.S)
    run_python(code)


def test_python_of_the_protocol():
    if not PROTOCOL.exists():
        print("  skipped: the protocol's text is not here")
        return

    def run(_work, daemon, events):
        code = block(PROTOCOL, "python", "recv_multipart").replace("tcp://127.0.0.1:5571", daemon.replay)
        got, cursors = [], []

        class Enough(Exception):
            pass

        def handle(event):
            got.append(event)

        def save_cursor(cursor):
            cursors.append(cursor)
            if len(got) == len(events):
                raise Enough

        names = {"zmq": wire.zmq, "json": wire.json, "load_cursor": lambda: None, "save_cursor": save_cursor,
                 "handle": handle, "handle_error": lambda head: sys.exit(f"error: {head}")}
        try:
            exec(compile(code, "the protocol's client", "exec"), names)
        except Enough:
            pass
        assert got == events and cursors, (len(got), len(events))
        print(f"  {len(got)} events, cursor {cursors[-1]}")
    with_daemon(run)


def test_c_of_the_readme():
    def run(work, daemon, events):
        prefix = work / "install"
        subprocess.run(["meson", "install", "-C", wire.BUILD, "--no-rebuild", "--destdir", prefix], check=True,
                       stdout=subprocess.DEVNULL)
        pc = next(prefix.rglob("libcivicwire.pc"))
        # pkg-config puts the folder before what the file says, as a system root.
        environment = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG_SYSROOT_DIR=str(prefix))
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libcivicwire"], env=environment, check=True,
                               capture_output=True, text=True).stdout.split()
        code = block(README, "c", "cw_subscriber_open")
        code = code.replace(".topics = topics", f".topics = topics, .live = \"{daemon.live}\", .replay = \"{daemon.replay}\"")
        (work / "client.c").write_text(code)
        library = next(prefix.rglob("libcivicwire.so")).parent
        subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", work / "client.c", "-o", work / "client", *flags],
                       check=True)
        run_client(work, library, events, 2)
    with_daemon(run)


def run_client(work, library, events, times):
    """The first run prints all, the next goes on after it: nothing."""
    for n in range(times):
        client = subprocess.run([work / "client"], cwd=work, env=dict(os.environ, LD_LIBRARY_PATH=str(library)),
                                capture_output=True, text=True, timeout=60)
        assert client.returncode == 0, client
        lines = client.stdout.splitlines()
        assert len(lines) == (len(events) if n == 0 else 0), (n, lines)
        for line, event in zip(lines, events):
            assert event["data"]["title"] in line, (line, event)


def test_node():
    script = wire.SOURCE / "docs" / "clients" / "replay.js"
    if not shutil.which("node") or subprocess.run(["node", "-e", "require('zeromq')"], cwd=script.parent,
                                                  capture_output=True).returncode:
        print("  skipped: no node with zeromq (npm install zeromq, and NODE_PATH)")
        return

    def read(work, daemon, n):
        client = subprocess.Popen(["node", script, daemon.replay, work / "cursor", "kind/news/"], stdout=subprocess.PIPE,
                                  text=True)
        lines = [client.stdout.readline() for _ in range(n)]
        wire.wait_until("the cursor to be kept", (work / "cursor").exists)
        client.kill()
        client.wait()
        return lines

    def run(work, daemon, events):
        for line, event in zip(read(work, daemon, len(events)), events):
            assert event["data"]["title"] in line, (line, event)
        cursor = (work / "cursor").read_text()
        reply, more = wire.Replay(daemon.replay).ask(after=cursor)
        assert not more and reply["next"] == cursor, (cursor, reply)
        print(f"  {len(events)} lines, cursor {cursor}")
    with_daemon(run)


if __name__ == "__main__":
    wire.main([test_python_of_the_readme, test_python_of_the_manual, test_python_of_the_protocol,
               test_c_of_the_readme, test_node])
