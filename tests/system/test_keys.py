#!/usr/bin/python3
"""Keys end to end: `civicwire key` makes and revokes them, a real daemon on an address that others can
reach asks for them, `tail`, `replay`, a Python client and libcivicwire show them."""
import json
import os
import signal
import stat
import subprocess
import time

import wire
import zmq
from test_cli import run
from test_library import Client, items

ALL = "feed/,theme/,network/,kind/,sys/"
# How long one that is refused is listened to.
REFUSED_S = 2


def key(daemon, *arguments, code=0):
    r = run("key", *arguments, "--config", daemon.config, "--socket", daemon.state / "control.sock", cwd=daemon.work)
    assert r.returncode == code, r
    return r


def any_address():
    return f"tcp://0.0.0.0:{wire.free_port()}"


class Secure(wire.Daemon):
    """A daemon whose sockets are bound to all addresses, and ask for keys."""

    def __init__(self, work, feeds, **more):
        bound = [any_address(), any_address()]
        super().__init__(work, feeds, live=bound[0], replay=bound[1], curve=", curve: required", **more)
        # Clients name one address of those.
        self.live, self.replay = (e.replace("0.0.0.0", "127.0.0.1") for e in bound)

    def make_keys(self, *names):
        self.server = key(self, "server").stdout.strip()
        for name in names:
            key(self, "new", name)
        self.key = str(self.work / f"{names[0]}.key")


def test_refuses_to_start():
    with wire.folder() as work:
        config = work / "config"
        config.mkdir()
        settings = config / "civicwired.yaml"

        def start():
            return run("--config", config, "--state", work / "state", program=wire.DAEMON)
        settings.write_text('live:\n  - { bind: "tcp://0.0.0.0:5570" }\n')
        r = start()
        assert r.returncode == 78 and r.stderr.startswith("civicwired.yaml:2:") and "civicwire key server" in r.stderr, r
        settings.write_text('live:\n  - { bind: "tcp://0.0.0.0:5570", curve: required }\n')
        r = start()
        assert r.returncode == 78 and "server.key" in r.stderr and "civicwire key server" in r.stderr, r
        assert not (work / "state").exists(), "it has begun all the same"
        (config / "server.key").write_text("not a key")
        r = start()
        assert r.returncode == 78 and "server.key" in r.stderr, r


def test_files():
    with wire.folder() as work:
        daemon = Secure(work, {})
        daemon.make_keys("archive")
        server, client = daemon.config / "server.key", work / "archive.key"
        for path in (server, client):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert daemon.server in client.read_text()
        assert key(daemon, "server").stdout.strip() == daemon.server, "the server's key is made once"
        secret = client.read_bytes()
        key(daemon, "new", "archive", code=73)
        assert client.read_bytes() == secret
        key(daemon, "new", "other", "--topics", "feed", code=78)
        assert not (daemon.config / "clients.d" / "other.yaml").exists() and not (work / "other.key").exists()
        key(daemon, "new", "../other", code=64)
        key(daemon, "new", "board", "--topics", "feed/x-test/,theme/climate/", "--expires", "2020-01-01")
        listed = key(daemon, "list").stdout.splitlines()
        assert [line.split()[:2] for line in listed] == [["archive", "good"], ["board", "expired"]], listed
        shown = key(daemon, "show", "board").stdout
        assert "2020-01-01T00:00:00Z" in shown and "theme/climate/" in shown, shown
        # What was written by hand stays.
        path = daemon.config / "clients.d" / "board.yaml"
        path.write_text("# Ms. Ruiz, 4th floor\n" + path.read_text() + "revoked: false\n")
        before = path.read_text()
        key(daemon, "revoke", "board")
        assert path.read_text() == before.replace("revoked: false", "revoked: true")
        key(daemon, "revoke", "nobody", code=66)
        for secret_key in (server, client):
            secret = secret_key.read_text().split('secret-key = "')[1].split('"')[0]
            everything = subprocess.run(["grep", "-rlF", "--", secret, work], capture_output=True, text=True).stdout
            assert everything.split() == [str(secret_key)], everything


def credential_test(work, daemon):
    """The server's key as systemd hands it over."""
    folder = work / "credentials"
    folder.mkdir()
    (daemon.config / "server.key").rename(folder / "civicwire-server-key")
    os.environ["CREDENTIALS_DIRECTORY"] = str(folder)
    try:
        with daemon:
            assert wire.Replay(daemon.replay, key=daemon.key).ask("now")[0]["head"]
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]
        (folder / "civicwire-server-key").rename(daemon.config / "server.key")


def lines_of(process, n, seconds=20):
    out = []
    end = time.monotonic() + seconds
    while len(out) < n and time.monotonic() < end:
        out.append(process.stdout.readline())
    return out


def test_end_to_end():
    with wire.folder() as work:
        feeds = work / "feeds"
        feeds.mkdir()
        (feeds / "news.xml").write_bytes(items(1, 3))
        with wire.Nginx(work, feeds) as nginx:
            daemon = Secure(work, {"news": nginx.url("news.xml")}, interval="1h")
            daemon.make_keys("archive", "board")
            credential_test(work, daemon)
            with daemon:
                daemon.poll_now("news")
                clients(work, daemon)
                revoked = revoke(work, daemon, feeds)
            with daemon:  # what was revoked stays so
                assert refused(daemon, revoked)
                assert wire.Replay(daemon.replay, key=daemon.key).ask("now")[0]["head"]
            log = daemon.log_path.read_text()
            assert "unknown key" in log and "revoked key of client board" in log, log


def refused(daemon, path):
    """No answer, no event: for one that asks in Python."""
    try:
        wire.Replay(daemon.replay, timeout=REFUSED_S, key=path).ask("oldest")
    except zmq.Again:
        return True
    return False


def clients(work, daemon):
    """Everybody who can show a key."""
    ends = ["--replay", daemon.replay]
    mine = ["--key", work / "archive.key"]
    replayed = run("replay", *ends, *mine)
    assert replayed.returncode == 0 and len(replayed.stdout.splitlines()) == 3, replayed
    # The server's key in a file of its own.
    text = (work / "archive.key").read_text()
    (work / "bare.key").write_text("\n".join(line for line in text.splitlines() if "server-key" not in line))
    (work / "server.pub").write_text(f'curve\n    public-key = "{daemon.server}"\n')
    apart = run("replay", *ends, "--key", work / "bare.key", "--server-key", work / "server.pub")
    assert apart.stdout == replayed.stdout, apart
    for options, code, word in ((["--key", work / "bare.key"], 64, "server"), (["--key", work / "none"], 66, "none"),
                                (["--server-key", work / "server.pub"], 64, "this client's key"),
                                (["--key", daemon.config / "civicwired.yaml"], 64, "holds no key")):
        r = run("replay", *ends, *options)
        assert r.returncode == code and word in r.stderr, r
    events, _ = wire.Replay(daemon.replay, key=daemon.key).all()
    assert [json.loads(line) for line in replayed.stdout.splitlines()] == events
    # A key made while it runs, for less than everything.
    out = key(daemon, "new", "narrow", "--topics", "theme/climate/").stdout
    assert "the running daemon knows it" in out, out
    narrow = wire.Replay(daemon.replay, key=str(work / "narrow.key"))
    wire.wait_until("the new key", lambda: narrow.all() and True, 10)
    assert narrow.all()[0] == []
    assert narrow.ask("oldest", topics=["feed/"])[0]["error"] == "forbidden"
    said = run("replay", *ends, "--key", work / "narrow.key", "--topic", "feed/")
    assert said.returncode == 76 and "forbidden" in said.stderr, said
    # One that was never told to the server.
    other = work / "elsewhere"
    (other / "clients.d").mkdir(parents=True)
    run("key", "new", "stranger", "--config", other, "--socket", work / "none", cwd=work)
    text = (work / "stranger.key").read_text().replace("metadata\n", f'metadata\n    server-key = "{daemon.server}"\n')
    (work / "stranger.key").write_text(text)
    assert refused(daemon, str(work / "stranger.key")) and refused(daemon, None)


def revoke(work, daemon, feeds):
    """Two follow live, one through the library, one with tail; the one that is revoked is cut."""
    kept = Client(daemon.live, daemon.replay, "oldest", f"key={work}/archive.key")
    lost = subprocess.Popen([wire.CLI, "tail", "--json", "--after", "oldest", "--live", daemon.live, "--replay",
                             daemon.replay, "--key", work / "board.key"], stdout=subprocess.PIPE, text=True)
    try:
        kept.wait_events(range(1, 4))
        assert len(lines_of(lost, 3)) == 3
        wire.put_file(feeds / "news.xml", items(1, 4), time.time() + 10)
        daemon.poll_now("news")
        kept.wait_events(range(1, 5))
        assert len(lines_of(lost, 1)) == 1
        before = daemon.status()["bus"]
        said = key(daemon, "revoke", "board").stdout
        assert "its connections are cut" in said, said
        wire.wait_until("the connections to be cut", lambda: daemon.status()["bus"]["cut_rights"] > before["cut_rights"])
        wire.put_file(feeds / "news.xml", items(1, 6), time.time() + 20)
        daemon.poll_now("news")
        kept.wait_events(range(1, 7))
        assert daemon.status()["bus"]["pid"] == before["pid"]
    finally:
        time.sleep(REFUSED_S)
        lost.send_signal(signal.SIGINT)
        rest = lost.communicate(timeout=20)[0]
    assert rest == "", f"one whose key is revoked has got {rest}"
    return str(work / "board.key")


if __name__ == "__main__":
    wire.main([test_refuses_to_start, test_files, test_end_to_end])
