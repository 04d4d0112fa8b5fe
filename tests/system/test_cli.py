#!/usr/bin/python3
"""The command line as a person meets it: exit codes by sysexits, sentences that say what to do, and
what `tail`, `replay`, `feeds` and `status` print of a running daemon; a broken configuration; a feed
that fails and recovers; file: URLs; two daemons on one state."""
import json
import os
import re
import signal
import subprocess
import time

import wire

VERBS = ("tail", "replay", "status", "feeds", "check", "parse", "key")
DEMO = wire.SOURCE / "config" / "demo"


def run(*arguments, program=None, stdin=None, timeout=60, **more):
    return subprocess.run([program or wire.CLI, *arguments], capture_output=True, text=True, timeout=timeout, input=stdin,
                          env=wire.environment(), **more)


def test_help_and_misuse():
    top = run("--help")
    assert top.returncode == 0 and all(v in top.stdout for v in VERBS), top
    assert re.match(r"civicwire \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run().returncode == 64
    for verb in VERBS:
        shown = run(verb, "--help")
        assert shown.returncode == 0 and shown.stdout.startswith(f"Usage: civicwire {verb}") and not shown.stderr, shown
        bad = run(verb, "--no-such-option")
        assert bad.returncode == 64 and f"civicwire {verb} --help" in bad.stderr, bad
        assert bad.stderr.startswith(f"civicwire {verb}: "), bad
    typo = run("replya")
    assert typo.returncode == 64 and "did you mean 'replay'" in typo.stderr, typo
    assert run("tail", "surplus").returncode == 64
    for option in ("--help", "--version"):
        assert run(option, program=wire.DAEMON).returncode == 0
    assert run("--no-such-option", program=wire.DAEMON).returncode == 64


def test_nobody_there():
    with wire.folder() as work:
        for verb in ("feeds", "status"):
            r = run(verb, "--socket", work / "none")
            assert r.returncode == 69 and "is it running" in r.stderr, r
        r = run("replay", "--replay", "nonsense")
        assert r.returncode == 64 and "tcp://127.0.0.1:5570" in r.stderr, r
        for option, value, word in (("--topic", "Foo", "begins with 'Foo'"), ("--after", "yesterday", "no place to begin")):
            for verb in ("tail", "replay"):
                r = run(verb, option, value)
                assert r.returncode == 64 and word in r.stderr and r.stderr.count("\n") == 1, r
        r = run("tail", "--colour", "sometimes")
        assert r.returncode == 64 and "not 'sometimes'" in r.stderr, r
        (work / "cursor").write_text("not a cursor")
        r = run("replay", "--cursor-file", work / "cursor")
        assert r.returncode == 64 and "no cursor file" in r.stderr, r
        missing = run("parse", work / "missing.xml")
        assert missing.returncode == 66 and "missing.xml" in missing.stderr, missing
        (work / "page.html").write_text("<!DOCTYPE html><html><head><title>Hello</title></head><body>x</body></html>")
        page = run("parse", work / "page.html")
        assert page.returncode == 65 and "HTML" in page.stderr and page.stderr.count("\n") == 1, page


def test_broken_configuration():
    with wire.folder() as work:
        (work / "feeds.d").mkdir()
        (work / "civicwired.yaml").write_text("journal: { kep: 90d }\nlive:\n  - { bind: 'tcp://0.0.0.0:5570' }\n")
        (work / "feeds.d" / "a.yaml").write_text("networks:\n  - { id: net, name: { en: Net }, cities: [xx-yyy] }\n")
        check = run("check", work)
        assert check.returncode == 78, check
        lines = (check.stderr + check.stdout).splitlines()
        assert any(re.match(r"civicwired\.yaml:1:\d+: .*'kep' \(did you mean 'keep'\?\)", line) for line in lines), lines
        assert any(line.startswith("civicwired.yaml:3:") and "0.0.0.0" in line for line in lines), lines
        assert any(line.startswith("feeds.d/a.yaml:2:") and "xx-yyy" in line for line in lines), lines
        before = sorted(p.name for p in work.rglob("*"))
        daemon = run("--config", work, "--state", work / "state", program=wire.DAEMON)
        assert daemon.returncode == 78 and "'kep'" in daemon.stderr, daemon
        assert sorted(p.name for p in work.rglob("*")) == before, "a refused configuration changed something"
        assert run("check", work / "nowhere").returncode == 66


def test_what_they_print():
    with wire.folder() as work:
        (work / "feeds").mkdir()
        for path in (DEMO / "feeds").iterdir():
            (work / "feeds" / path.name).write_bytes(path.read_bytes())
        urls = {path.stem.replace(".", "-"): f"file://{path}" for path in (work / "feeds").iterdir()}
        with wire.Daemon(work, urls, interval="6h", settings="fetch: { allow_file: true }") as daemon:
            wire.wait_until("all feeds to be read", lambda: all(f["health"] == "fine" for f in daemon.feeds().values()))
            daemon.wait_published()
            events, _ = wire.Replay(daemon.replay).all()
            print_events(work, daemon, events)
            print_states(daemon, events)
            refuse_second(daemon)
            fail_and_recover(work, daemon)
            assert daemon.stop() == 0
        assert "stopped" in daemon.log_path.read_text().splitlines()[-1]


def print_events(work, daemon, events):
    ends = ("--replay", daemon.replay)
    lines = run("replay", *ends).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [e for e in events if e["type"].startswith("org.civicwire.item")]
    cursor = work / "cursor"
    first = run("replay", *ends, "--cursor-file", cursor)
    again = run("replay", *ends, "--cursor-file", cursor)
    assert first.stdout.splitlines() == lines and again.stdout == "" and again.returncode == 0, again
    kind = run("replay", *ends, "--topic", "kind/news/")
    assert len(kind.stdout.splitlines()) == len(events)
    assert run("replay", *ends, "--topic", "theme/no-such-theme/").stdout == ""
    tail = subprocess.Popen([wire.CLI, "tail", "--after", "oldest", "--live", daemon.live, *ends], stdout=subprocess.PIPE,
                            text=True, env=dict(wire.environment(), TZ="UTC"))
    shown = [tail.stdout.readline() for _ in events]
    tail.send_signal(signal.SIGINT)
    assert tail.wait(60) == 0 and tail.stdout.read() == ""
    for line, event in zip(shown, events):
        assert event["data"]["title"] in line and event["cwcity"] in line and "\033" not in line, line
        if "time" in event:
            assert line.startswith(event["time"][:16].replace("T", " ")), (line, event["time"])
    coloured = subprocess.run(["timeout", "-s", "INT", "2", wire.CLI, "tail", "--after", "oldest", "--colour", "always", "--live",
                               daemon.live, *ends], capture_output=True, text=True)
    assert coloured.stdout.count("\033[") >= 8 * len(events)


def print_states(daemon, events):
    socket = ("--socket", daemon.state / "control.sock")
    feeds = run("feeds", *socket)
    assert feeds.returncode == 0 and all(i in feeds.stdout for i in daemon.feeds()), feeds
    assert run("feeds", *socket, "--failing").stdout == "no feed is failing\n"
    status = run("status", *socket)
    assert status.returncode == 0 and f"event {len(events)} is the newest" in status.stdout, status
    assert json.loads(run("status", *socket, "--json").stdout)["journal"]["head"] == len(events)
    assert json.loads(run("feeds", *socket, "--json").stdout)[0]["health"] == "fine"
    for verb in ("feeds", "status"):
        with open("/dev/full", "w") as full:
            r = subprocess.run([wire.CLI, verb, *socket], stdout=full, stderr=subprocess.PIPE, text=True)
        assert r.returncode == 74 and "No space left" in r.stderr, r


def refuse_second(daemon):
    second = run("--config", daemon.config, "--state", daemon.state, program=wire.DAEMON)
    assert second.returncode in (71, 73, 74) and "cannot start" in second.stderr, second
    assert daemon.status()["bus"]["running"]


def fail_and_recover(work, daemon):
    path = next((work / "feeds").glob("*.xml"))
    name = path.stem.replace(".", "-")
    whole = path.read_bytes()
    os.unlink(path)
    for _ in range(3):
        state, = daemon.poll_now(name)
    assert state["health"] == "failing" and state["failures"] == 3 and path.name in state["error"], state
    feeds = run("feeds", "--socket", daemon.state / "control.sock", "--failing")
    assert feeds.returncode == 1 and name in feeds.stdout, feeds
    assert run("feeds", "--socket", daemon.state / "control.sock", "--json").returncode == 1
    assert run("feeds", "--socket", daemon.state / "control.sock", "--json", "no-such").returncode == 0
    wire.put_file(path, whole, time.time())
    state, = daemon.poll_now(name)
    assert state["health"] == "fine", state
    told, _ = wire.Replay(daemon.replay).all(topics=["sys/feed/"])
    assert [e["type"] for e in told] == ["org.civicwire.feed.failing.v1", "org.civicwire.feed.recovered.v1"], told
    assert path.name in told[0]["data"]["error"], told


if __name__ == "__main__":
    wire.main([test_help_and_misuse, test_nobody_there, test_broken_configuration, test_what_they_print])
