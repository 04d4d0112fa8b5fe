#!/usr/bin/python3
"""`civicwire journal` beside the running daemon: looking, copying, and taking an item out for good."""
import json
import re
import shlex
import sqlite3
import subprocess

import wire

MANUAL = wire.SOURCE / "man" / "civicwire.1.scd"

ITEM = "<item><guid>{}</guid><title>{}</title><link>https://a.example/{}</link><description>{}</description></item>"
SECRET = "whoever asked to be forgotten"


def document(*items):
    return ("<rss version='2.0'><channel><title>N</title><link>https://a.example/</link><description/>"
            + "".join(ITEM.format(g, t, g, d) for g, t, d in items) + "</channel></rss>").encode()


def journal(daemon, *args, socket=True):
    options = ["-j", daemon.state / "journal.db"] + (["-s", daemon.state / "control.sock"] if socket else [])
    done = subprocess.run([wire.CLI, "journal", *options, *args], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def with_daemon(test):
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        wire.put_file(root / "feed.xml", document(("b", "Other", "text")), 1_600_000_000)
        with wire.Nginx(work, root) as nginx:
            with wire.Daemon(work, {"news": nginx.url("feed.xml")}, interval="6h") as daemon:
                wire.wait_until("the feed to be read", lambda: daemon.status()["journal"]["head"] == 1)
                wire.put_file(root / "feed.xml", document(("b", "Other", "text"), ("a", "Name", SECRET + " 1")), 1_600_000_100)
                daemon.poll_now("news")
                wire.put_file(root / "feed.xml", document(("b", "Other", "text"), ("a", "Name", SECRET + " 2")), 1_600_000_200)
                daemon.poll_now("news")
                test(work, root, daemon)
                assert daemon.stop() == 0


def files_have(daemon, text):
    return [p.name for p in daemon.state.iterdir() if p.is_file() and text.encode() in p.read_bytes()]


def test_redact_while_it_runs():
    def run(_work, root, daemon):
        events = wire.Replay(daemon.replay).all()[0]
        assert [e["data"].get("title") for e in events] == ["Other", "Name", "Name"], events
        item = events[1]["id"].rpartition("/")[0] + "/"
        assert files_have(daemon, SECRET)
        live = wire.Live(daemon.live, ("feed/", "kind/", "sys/heartbeat/"))
        live.wait_joined()
        code, out, err = journal(daemon, "redact", item)
        assert (code, out, err) == (0, "2 events redacted\n", ""), (code, out, err)

        # Who has read it hears of it, in each of its topics.
        wire.wait_until("the announcement", lambda: len(live.messages) == 2)
        for topic, _header, text in live.messages:
            event = json.loads(text)
            assert topic.split("/")[0] in ("feed", "kind"), topic
            assert event["type"] == "org.civicwire.item.redacted.v1", event
            assert event["data"]["_redacts"] == item and event["id"] == item + "3", event
        live.stop()

        # Replay: the same numbers and ids, and nothing said.
        after = wire.Replay(daemon.replay).all()[0]
        wire.check_sequence(after, 1)
        assert len(after) == 4 and after[0] == events[0], after
        assert [e["id"] for e in after[:3]] == [e["id"] for e in events], after
        assert all(e["type"] == "org.civicwire.item.redacted.v1" for e in after[1:]), after
        assert SECRET not in json.dumps(after) and "Name" not in json.dumps(after), after
        # Of all files it is gone; the log is emptied once no reader holds it.
        wire.wait_until("the text to be gone from the files", lambda: not files_have(daemon, SECRET), 30)

        # The feed has it still, and says something else of it: not a word.
        head = daemon.status()["journal"]["head"]
        wire.put_file(root / "feed.xml", document(("b", "Other", "text"), ("a", "Name", SECRET + " 3")), 1_600_000_300)
        daemon.poll_now("news")
        assert daemon.status()["journal"]["head"] == head
        wire.put_file(root / "feed.xml", document(("b", "Other", "new"), ("a", "Name", SECRET + " 3")), 1_600_000_400)
        daemon.poll_now("news")
        assert daemon.status()["journal"]["head"] == head + 1
        assert not files_have(daemon, SECRET)
        assert journal(daemon, "redact", item)[1] == "redacted before: nothing was left to do\n"
        code, _, err = journal(daemon, "redact", "x-test.feeds.news/nothing/1")
        assert code == 66 and "no event" in err, (code, err)
        code, out, _ = journal(daemon, "verify")
        assert code == 0, out
        # And with the daemon stopped.
        daemon.stop()
        other = wire.json.loads(journal(daemon, "export")[1].splitlines()[-2])["event"]
        code, out, err = journal(daemon, "redact", other["id"])
        assert (code, out) == (0, "1 event redacted\n"), (code, out, err)
        assert journal(daemon, "verify")[0] == 0
        daemon.start().wait_ready()
        daemon.poll_now("news")
        after = wire.Replay(daemon.replay).all()[0]
        wire.check_sequence(after, 1)
        assert after[-1]["data"]["_redacts"] == other["id"], after[-1]
    with_daemon(run)


def test_the_right_daemon():
    """Two daemons: a redaction reaches the one that has the journal, or none."""
    with wire.folder() as work:
        (work / "1").mkdir()
        (work / "2").mkdir()
        with wire.Daemon(work / "1", {}) as first, wire.Daemon(work / "2", {}) as second:
            done = subprocess.run([wire.CLI, "journal", "-j", first.state / "journal.db", "-s", second.state / "control.sock",
                                   "redact", "x-test.feeds.a/b/1"], capture_output=True, text=True, timeout=60)
            assert done.returncode == 69 and "another journal" in done.stderr, done
            done = subprocess.run([wire.CLI, "journal", "-j", first.state / "journal.db", "-s", work / "none", "redact", "a/b/1"],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 69 and "is it running" in done.stderr, done


def test_what_else_works_beside_it():
    def run(work, _root, daemon):
        code, out, _ = journal(daemon, "stat", socket=False)
        assert code == 0 and "events    3, 1 the oldest" in out, out
        assert journal(daemon, "verify", socket=False)[0] == 0
        assert journal(daemon, "backup", work / "copy.db", socket=False)[0] == 0
        done = subprocess.run([wire.CLI, "journal", "-j", work / "copy.db", "verify"], capture_output=True, text=True)
        assert done.returncode == 0, done
        code, out, err = journal(daemon, "export", socket=False)
        assert code == 0 and out.count('{"seq":') == 3, (code, out, err)
        code, _, err = journal(daemon, "prune", "90d", socket=False)
        assert code == 75 and "journal.keep" in err, (code, err)
    with_daemon(run)


def flip(path, text, bit=1):
    """One bit of the only place in a file where this text is."""
    data = bytearray(path.read_bytes())
    at = data.index(text.encode())
    data[at] ^= bit
    path.write_bytes(data)


def manual_blocks():
    section = MANUAL.read_text().partition("# WHEN THE JOURNAL IS DAMAGED\n")[2].partition("\n# ")[0]
    return [block.splitlines() for block in re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)]


class Operator:
    """Who types what the manual says, line by line, on the machine of this daemon."""

    def __init__(self, work, daemon):
        self.daemon = daemon
        self.folders = {"/var/lib/civicwire": daemon.state, "/var/tmp": work / "tmp", "/backup": work / "backup"}
        for name in ("tmp", "backup"):
            (work / name).mkdir()

    def run(self, line, code=0):
        for name, path in self.folders.items():
            line = line.replace(name, str(path))
        words = shlex.split(line)
        if words[0] == "systemctl":
            return self.daemon.stop() if words[1] == "stop" else self.daemon.start().wait_ready()
        if words[0] == "chown":
            return None  # there is no such user here
        if words[:2] == ["civicwire", "journal"]:
            words[:2] = [str(wire.CLI), "journal", *([] if "--journal" in words else ["--journal", str(self.daemon.state / "journal.db")])]
        else:
            assert words[0] in ("cp", "rm", "mv"), line
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done
        return done

    def verify(self):
        return journal(self.daemon, "verify")


def damaged(test):
    """A daemon whose journal has a damaged event, and a damaged row of an item."""
    def run(work, root, daemon):
        operator = Operator(work, daemon)
        operator.run("civicwire journal backup /backup/wire.db")
        wire.put_file(root / "feed.xml", document(("b", "Other", "text"), ("a", "Name", "said last")), 1_600_000_300)
        daemon.poll_now("news")
        before = wire.Replay(daemon.replay).all()[0]
        assert len(before) == 4
        epoch = daemon.status()["journal"]["epoch"]
        assert daemon.stop() == 0
        path = daemon.state / "journal.db"
        flip(path, SECRET + " 2")
        db = sqlite3.connect(path)
        db.execute("UPDATE seen SET day=day+1 WHERE key=(SELECT min(key) FROM seen)")
        db.commit()
        db.close()
        daemon.start().wait_ready()
        # What is damaged is not given out; the rest is.
        now = wire.Replay(daemon.replay).all()[0]
        assert now == [e for e in before if SECRET + " 2" not in json.dumps(e)] and len(now) == 3, now
        test(operator, root, daemon, before, epoch)
        after = wire.Replay(daemon.replay).all()[0]
        numbers = [int(e["sequence"]) for e in after]
        assert numbers == sorted(set(numbers)), numbers
        assert daemon.status()["journal"]["epoch"] != epoch
        code, out, _ = operator.verify()
        assert code == 0, out
    with_daemon(run)


def look_and_stop(operator):
    blocks = manual_blocks()
    assert [len(b) for b in blocks] == [1, 2, 4, 7], blocks
    done = operator.run(blocks[0][0], code=65)
    assert "event 3 is damaged" in done.stdout and "a row of the table seen" in done.stdout, done
    assert "WHEN THE JOURNAL IS DAMAGED" in done.stdout, done
    for line in blocks[1]:
        operator.run(line)
    return blocks


def test_damaged_with_a_backup():
    def run(operator, root, daemon, before, _epoch):
        for line in look_and_stop(operator)[2]:
            operator.run(line)
        assert "events were lost" in daemon.log_path.read_text()
        after = wire.Replay(daemon.replay).all()[0]
        assert after[:3] == before[:3], after
        # What the feed has still, and the backup has not, is told again, under a number of its own.
        daemon.poll_now("news")
        last = wire.Replay(daemon.replay).all()[0][-1]
        assert last["data"]["content_text"] == "said last" and int(last["sequence"]) > 4, last
    damaged(run)


def test_damaged_without_a_backup():
    def run(operator, root, daemon, before, _epoch):
        for line in look_and_stop(operator)[3]:
            operator.run(line)
        after = wire.Replay(daemon.replay).all()[0]
        assert after == [before[0], before[1], before[3]], after
        wire.put_file(root / "feed.xml", document(("b", "Other", "text"), ("a", "Name", "said last"), ("c", "New", "x")), 1_600_000_400)
        daemon.poll_now("news")
        told = wire.Replay(daemon.replay).all()[0][3:]
        assert [e["data"]["title"] for e in told if e["type"].endswith("published.v1")][-1:] == ["New"], told
    damaged(run)


def test_the_daemon_mends_a_row():
    """Met by the next poll: the item is told once more, and the operator is told why."""
    def run(_work, root, daemon):
        assert daemon.stop() == 0
        db = sqlite3.connect(daemon.state / "journal.db")
        db.execute("UPDATE seen SET version=version+1, change=x'00'")
        db.execute("UPDATE feed SET etag='x'")
        db.commit()
        db.close()
        daemon.start().wait_ready()
        wire.wait_until("the poll that a damaged feed gets at once", lambda: daemon.status()["journal"]["head"] == 5)
        daemon.wait_published()
        told = wire.Replay(daemon.replay).all()[0][3:]
        assert [e["type"].split(".")[3] for e in told] == ["updated", "updated"], told
        assert all(re.fullmatch(r"[1-9][0-9]{7}", e["id"].rpartition("/")[2]) for e in told), told
        assert all("cwbackfill" not in e for e in told), told
        log = daemon.log_path.read_text()
        assert "the journal is damaged (see civicwire(1)" in log and "told as updated" in log, log
        assert b"civicwire_journal_damaged_rows_total 0" not in daemon.get("/metrics")[1]
        # Once.
        wire.put_file(root / "feed.xml", document(("b", "Other", "text"), ("a", "Name", SECRET + " 2")) + b"<!-- -->", 1_600_000_500)
        daemon.poll_now("news")
        assert daemon.status()["journal"]["head"] == 5
        assert journal(daemon, "verify")[0] == 0
    with_daemon(run)


if __name__ == "__main__":
    wire.main([test_redact_while_it_runs, test_the_right_daemon, test_what_else_works_beside_it, test_damaged_with_a_backup,
               test_damaged_without_a_backup, test_the_daemon_mends_a_row])
