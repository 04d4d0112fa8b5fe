"""Runs as a service of the booted system (boot.py): installs the packages by the README's own commands and
looks at the daemon as an operator would."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import traceback

SHARE = pathlib.Path("/mnt")
UNIT = "civicwired.service"
FEEDS = pathlib.Path("/etc/civicwire/feeds.d")
STATE = pathlib.Path("/var/lib/civicwire")
# Generous: what takes longer hangs.
PATIENCE_S = 60
# What is said of stopping, which the system's own work comes on top of.
STOP_S = 2
os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", DEBIAN_FRONTEND="noninteractive", HOME="/root", LC_ALL="C.UTF-8")


def run(*command, code=0, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **more)
    assert code is None or done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def wait_until(what, test):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for: {what}")


def shown(name):
    return run("systemctl", "show", "--value", "--property", name, UNIT).strip()


class Feed(http.server.BaseHTTPRequestHandler):
    items, is_well = 1, True

    def do_GET(self):
        if not Feed.is_well:
            self.send_error(503)
            return
        items = "".join(f"<item><guid isPermaLink='false'>{i}</guid><title>Item {i}</title></item>"
                        for i in range(Feed.items))
        body = f"<rss version='2.0'><channel><title>Ours</title>{items}</channel></rss>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def readme_commands():
    text = (SHARE / "README.md").read_text()
    block = re.search(r"^## Installed, in five commands\n.*?^```sh\n(.*?)^```", text, re.M | re.S)[1]
    return [re.sub(r" {2,}#.*", "", line) for line in block.splitlines() if line.strip()]


def check_five_commands():
    """The README's, word by word, in a shell; the last one shows the first event."""
    commands = readme_commands()
    assert len(commands) <= 5, commands
    began = time.monotonic()
    for command in commands[:-1]:
        at = time.monotonic()
        done = subprocess.run(["sh", "-euc", command], cwd=SHARE / "packages", text=True, capture_output=True,
                              timeout=300)
        print(f"  {time.monotonic() - at:5.1f} s  {command}")
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    tail = subprocess.Popen(shlex.split(commands[-1]), stdout=subprocess.PIPE, text=True)
    line = tail.stdout.readline()
    print(f"  {time.monotonic() - began:5.1f} s  in all, to the first event: {line.strip()}")
    tail.send_signal(signal.SIGINT)
    tail.wait(PATIENCE_S)
    assert "Item 0" in line, line


def check_service():
    assert run("systemctl", "is-active", UNIT).strip() == "active"
    assert run("systemctl", "is-enabled", UNIT).strip() == "enabled"
    assert (shown("Type"), shown("WatchdogUSec"), shown("User")) == ("notify", "1min", "civicwire")
    assert int(shown("WatchdogTimestampMonotonic")) > int(shown("ExecMainStartTimestampMonotonic"))
    wait_until("a line of status", lambda: shown("StatusText").startswith("feeds: 1 fine"))
    print(f"  Status: {shown('StatusText')}")
    uid = int(run("id", "-u", "civicwire"))
    assert uid != 0
    pids = processes()
    assert len(pids) == 2, pids
    for pid in pids:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert re.search(rf"^Uid:\t{uid}\t{uid}\t", status, re.M), status
        for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
            assert line in status, (line, status)
    print(run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", UNIT)
          .strip().splitlines()[-1])


def processes():
    """The daemon and its bus."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):
            if os.readlink(path) == "/usr/sbin/civicwired":
                found.append(int(path.parent.name))
    return found


def civicwire(*arguments, **more):
    return run("civicwire", *arguments, **more)


def status():
    return json.loads(civicwire("status", "--json"))


def events():
    return [json.loads(line) for line in civicwire("replay", "--after", "oldest", "--topic", "feed/").splitlines()]


def check_status_port():
    """What the README says of the page, in the words of a browser that asks for Spanish."""
    page = run("curl", "-fsS", "-H", "Accept-Language: es-CO,es;q=0.9", "http://127.0.0.1:8570/status")
    assert '<html lang="es">' in page, page[:500]
    assert page.count('<li class="feed">') == 1, page
    wait_until("the daemon to be ready", lambda: run("curl", "-s", "http://127.0.0.1:8570/readyz") == "ok\n")
    metrics = run("curl", "-fsS", "http://127.0.0.1:8570/metrics")
    assert 'civicwire_feeds{state="fine"} 1\n' in metrics and "civicwire_journal_writable 1\n" in metrics, metrics
    assert pathlib.Path("/usr/share/civicwire/monitoring/civicwire.rules.yml").is_file()


def check_reload():
    pid, bus = shown("MainPID"), status()["bus"]["pid"]
    mine = next(FEEDS.glob("*.yaml"))
    good = mine.read_text()
    mine.write_text(good + "    nonsense: [\n")
    done = subprocess.run(["systemctl", "reload", UNIT], capture_output=True, text=True)
    assert done.returncode != 0, "a broken file, and nobody says so"
    assert run("systemctl", "is-active", UNIT).strip() == "active"
    wait_until("the journal to name the line", lambda: f"feeds.d/{mine.name}:" in run("journalctl", "-u", UNIT))
    assert f"feeds.d/{mine.name}:" in civicwire("status")
    mine.write_text(good)
    run("systemctl", "reload", UNIT)
    assert status()["config"]["problems"] == []
    run("systemctl", "kill", "--kill-who=main", "--signal=HUP", UNIT)
    wait_until("SIGHUP to be taken", lambda: status()["config"]["reload"] >= 4)
    assert (shown("MainPID"), status()["bus"]["pid"]) == (pid, bus)
    assert shown("NRestarts") == "0" and run("systemctl", "is-active", UNIT).strip() == "active"


def refresh():
    """The feed's id."""
    feed = json.loads(civicwire("feeds", "--json"))[0]["id"]
    run("curl", "-fsS", "--unix-socket", "/run/civicwire/control.sock", "-X", "POST",
        f"http://civicwired/v1/refresh?feed={feed}")
    return feed


def check_new_items(items=2):
    Feed.items = items
    refresh()
    wait_until(f"{items} events", lambda: len(events()) == items)


def wait_serving():
    wait_until("the bus to serve", lambda: subprocess.run(["civicwire", "status"], capture_output=True).returncode == 0)


def check_journal_fields():
    """Records have fields of their own, for `journalctl CIVICWIRE_FEED=…`."""
    Feed.is_well = False
    feed = refresh()
    lines = wait_until("a record of the feed", lambda: run("journalctl", "-o", "json", f"CIVICWIRE_FEED={feed}"))
    Feed.is_well = True
    record = json.loads(lines.splitlines()[-1])
    print("  " + ", ".join(f"{k}={v}" for k, v in sorted(record.items()) if k.startswith("CIVICWIRE_")))
    assert record["CIVICWIRE_HTTP_STATUS"] == "503" and record["CIVICWIRE_URL"].startswith("http://"), record
    assert record["CIVICWIRE_CITY"] == feed.split(".")[0], record
    assert int(record["CIVICWIRE_DURATION_MS"]) >= 0, record
    assert record["SYSLOG_IDENTIFIER"] == "civicwired" and record["PRIORITY"] == "4", record


def check_kill():
    before, epoch, pid = events(), status()["journal"]["epoch"], int(shown("MainPID"))
    os.kill(pid, signal.SIGKILL)
    wait_until("the daemon to be back", lambda: shown("MainPID") not in ("0", str(pid)) and
               run("systemctl", "is-active", UNIT, code=None).strip() == "active")
    wait_serving()
    assert shown("NRestarts") == "1"
    assert status()["journal"]["epoch"] == epoch and events() == before
    check_new_items(3)


def check_stop():
    """In the middle of its work."""
    before = events()
    Feed.items = 500
    refresh()
    began = time.monotonic()
    run("systemctl", "stop", UNIT)
    took = time.monotonic() - began
    print(f"  stopped in {took:.2f} s")
    assert took <= STOP_S and shown("Result") == "success" and not processes()
    assert "stopped" in run("journalctl", "-u", UNIT)
    run("systemctl", "start", UNIT)
    wait_serving()
    after = events()
    print(f"  {len(after) - len(before)} of {Feed.items - len(before)} new items were in time")
    assert after[:len(before)] == before, "stopping lost something"
    check_new_items(Feed.items)
    numbers = [int(e["sequence"]) for e in events()]
    assert numbers == list(range(1, len(numbers) + 1)) and len({e["id"] for e in events()}) == len(numbers)


def check_broken_start():
    """A configuration that is broken at the start: not tried again and again, and the operator reads why."""
    before, mine = events(), next(FEEDS.glob("*.yaml"))
    good = mine.read_text()
    run("systemctl", "stop", UNIT)
    mine.write_text(good + "    nonsense: [\n")
    run("systemctl", "start", UNIT, code=1)
    assert (shown("ActiveState"), shown("ExecMainStatus"), shown("NRestarts")) == ("failed", "78", "0")
    time.sleep(5)  # twice the unit's RestartSec, and a second
    assert (shown("ActiveState"), shown("NRestarts")) == ("failed", "0") and not processes()
    assert f"feeds.d/{mine.name}:" in run("systemctl", "status", "--no-pager", UNIT, code=3)
    mine.write_text(good)
    run("systemctl", "start", UNIT)
    wait_serving()
    assert events() == before


def check_watchdog():
    """systemd's own: a daemon that stands still is ended and started again. (With a shorter time than the
    unit's, that nobody has to wait for.)"""
    before, drop_in = events(), pathlib.Path(f"/run/systemd/system/{UNIT}.d/quick.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", UNIT)
    wait_serving()
    restarts, pid = int(shown("NRestarts")), int(shown("MainPID"))
    time.sleep(5)
    assert (int(shown("NRestarts")), int(shown("MainPID"))) == (restarts, pid), "it is not fed while all is well"
    os.kill(pid, signal.SIGSTOP)
    wait_until("systemd to start it again", lambda: int(shown("NRestarts")) > restarts and
               run("systemctl", "is-active", UNIT, code=None).strip() == "active")
    assert "Watchdog timeout" in run("journalctl", "-u", UNIT, "-b")
    wait_serving()
    assert events() == before
    drop_in.unlink()
    run("systemctl", "daemon-reload")


def check_package():
    """A newer version, removal and purge."""
    before, pid = events(), shown("MainPID")
    mine = next(FEEDS.glob("*.yaml"))
    newer = pathlib.Path("/tmp/newer")
    for deb in (SHARE / "packages").glob("*.deb"):
        run("dpkg-deb", "-R", deb, newer)
        control = newer / "DEBIAN" / "control"
        control.write_text(re.sub(r"^(Version: .*)", r"\1+1", control.read_text(), flags=re.M))
        run("dpkg-deb", "-b", newer, f"/tmp/{deb.name}")
        run("rm", "-r", newer)
    run("sh", "-c", "apt-get install -y /tmp/civicwire_*.deb /tmp/libcivicwire0_*.deb")
    wait_serving()
    assert shown("MainPID") != pid and mine.exists() and events() == before
    run("apt-get", "remove", "-y", "civicwire")
    assert not processes()
    assert (STATE / "journal.db").exists() and mine.exists() and not pathlib.Path("/usr/sbin/civicwired").exists()
    mine.unlink()
    run("apt-get", "purge", "-y", "civicwire")
    assert not STATE.exists() and not pathlib.Path("/etc/civicwire").exists()


def main():
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for check in (check_five_commands, check_service, check_status_port, check_reload, check_new_items, check_kill, check_stop,
                  check_broken_start, check_watchdog, check_journal_fields, check_package):
        began = time.monotonic()
        print(f"{check.__name__} …")
        check()
        print(f"{check.__name__}: ok, {time.monotonic() - began:.1f} s")


try:
    main()
except BaseException:
    traceback.print_exc()
    with contextlib.suppress(Exception):
        print(run("journalctl", "-u", UNIT, "-n", "60", "--no-pager", code=None))
        print(run("systemctl", "status", "--no-pager", UNIT, code=None))
    sys.exit(1)
