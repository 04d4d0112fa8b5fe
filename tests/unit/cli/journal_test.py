#!/usr/bin/python3
"""civicwire journal: what its verbs do to stores, whole and damaged.

    journal_test.py CIVICWIRE

CIVICWIRE_FLIPS (default 60) says how many bits are flipped, one at a time, and how often the store
is cut, to see that each is found or harmless."""
import json
import os
import pty
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)
FLIPS = int(os.environ.get("CIVICWIRE_FLIPS", "60"))
EVENTS = 400
FEEDS = ["aa-bbb.cc.dd", "aa-bbb.cc.ee"]


def run(*args, stdin=None):
    done = subprocess.run([PROGRAM, "journal", *args], input=stdin, capture_output=True, text=True, errors="replace", timeout=120)
    return done.returncode, done.stdout, done.stderr


def event(seq):
    feed = FEEDS[seq % 2]
    return {"specversion": "1.0", "id": f"{feed}/{'A' * 21}{'AQgw'[seq % 4]}/{seq}", "source": "https://wire.example/" + feed.replace(".", "/"),
            "type": "org.civicwire.item.published.v1", "subject": f"https://aa.example/{seq}", "sequence": f"{seq:020}",
            "cwfeed": feed, "data": {"id": f"https://aa.example/{seq}", "content_text": f"Text {seq}. " + "áéí " * (seq % 700)}}


def export(events=EVENTS):
    """The lines of a journal, as `civicwire journal export` would write them."""
    topics = [f"feed/{f.replace('.', '/')}/" for f in FEEDS] + [f"kind/news/{f.replace('.', '/')}/" for f in FEEDS]
    last = dict.fromkeys(topics, 0)
    lines = []
    for seq in range(1, events + 1):
        mine = [topics[seq % 2], topics[2 + seq % 2]]
        lines.append({"seq": seq, "recorded": 10**15 + seq, "views": [[t, last[t]] for t in mine], "event": event(seq)})
        last.update(dict.fromkeys(mine, seq))
    head = [{"civicwire_journal": 1, "epoch": "abc", "head": events}]
    rows = [{"table": "topic", "row": {"id": n, "name": t, "last_seq": last[t]}} for n, t in enumerate(topics, 1)]
    rows += [{"table": "feed", "row": {"id": n, "name": f, "etag": '"x"', "backfilled": 1}} for n, f in enumerate(FEEDS, 1)]
    rows += [{"table": "seen", "row": {"feed": 1 + i % 2, "key": {"hex": f"{i:032x}"}, "item": None, "link": None, "title": None,
                                       "change": {"hex": f"{i * 7:032x}"}, "version": 1, "last_seen": 10**15, "day": 0, "updates": 0,
                                       "withdrawn": 0, "views": {"hex": "0103"}, "subject": f"s{i}"}} for i in range(1, 300)]
    rows += [{"table": "alert", "row": {"feed": 1 + i % 2, "message": {"hex": f"{i:032x}"}, "key": {"hex": f"{i * 5:032x}"} if i % 3 else None,
                                        "cancelled": i % 2, "last_seen": 10**15 + i}} for i in range(1, 200)]
    rows += [{"table": "recent", "row": {"feed": n, "items": {"hex": "0123456789abcdef" * 600}}} for n in (1, 2)]
    rows += [{"table": "redacted", "row": {"feed": 1, "item": {"hex": f"{i:032x}"}, "change": None}} for i in range(20)]
    end = [{"end": True, "events": events}]
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in head + rows + lines + end)


class Journal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first = tempfile.TemporaryDirectory()
        cls.original = os.path.join(cls.first.name, "journal.db")
        cls.lines = export()
        code, out, err = run("-j", cls.original, "import", stdin=cls.lines)
        assert (code, err) == (0, ""), err
        assert f"{EVENTS} events" in out
        for suffix in ("-wal", "-shm"):
            if os.path.exists(cls.original + suffix):
                os.unlink(cls.original + suffix)

    @classmethod
    def tearDownClass(cls):
        cls.first.cleanup()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "journal.db")
        shutil.copy(self.original, self.path)

    def tearDown(self):
        self.folder.cleanup()

    def sql(self, text):
        db = sqlite3.connect(self.path)
        db.execute(text)
        db.commit()
        db.close()

    def test_export_gives_back_what_import_took(self):
        code, out, err = run("-j", self.path, "export")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines()[1:5], self.lines.splitlines()[1:5])
        events = [line for line in out.splitlines() if line.startswith('{"seq"')]
        self.assertEqual(events, [line for line in self.lines.splitlines() if line.startswith('{"seq"')])
        self.assertEqual(out.count('"table":"seen"'), 299)
        # And once more: nothing is lost on the way.
        other = os.path.join(self.folder.name, "other.db")
        self.assertEqual(run("-j", other, "import", stdin=out)[0], 0)
        self.assertEqual(run("-j", other, "export")[1].splitlines()[1:], out.splitlines()[1:])
        self.assertNotEqual(json.loads(out.splitlines()[0])["epoch"], "abc")

    def test_import_takes_nothing_by_halves(self):
        for spoil, word in ((lambda t: t[:t.rindex("{")], "nothing was imported"), (lambda t: t[:-30], ":"), (lambda t: t.replace('"seq":200', '"seq":199'), ":"),
                            (lambda t: t.replace("civicwire_journal", "x"), ":1:"), (lambda t: "", "nothing was imported"),
                            (lambda t: t.replace('"table":"feed"', '"table":"sqlite_schema"'), "no journal has"),
                            (lambda t: t.replace('"etag"', '"a;b"'), "no journal has"), (lambda t: t.replace("0103", "010"), "no value")):
            other = os.path.join(self.folder.name, "other.db")
            code, out, err = run("-j", other, "import", stdin=spoil(self.lines))
            self.assertIn(code, (65, 74), err)
            self.assertIn(word, err)
            self.assertEqual(err.count("\n"), 1, err)
            self.assertFalse(os.path.exists(other), "half an import was left")

    def test_nothing_is_overwritten(self):
        there = os.path.join(self.folder.name, "there")
        with open(there, "w") as f:
            f.write("mine")
        for args in (("-j", self.path, "backup", there), ("-j", self.path, "export", there), ("-j", there, "import")):
            code, _, err = run(*args, stdin=self.lines)
            self.assertEqual(code, 73, err)
            with open(there) as f:
                self.assertEqual(f.read(), "mine")

    def test_stat_and_verify(self):
        code, out, _ = run("-j", self.path, "stat")
        self.assertEqual(code, 0)
        self.assertIn(f"events    {EVENTS}, 1 the oldest", out)
        self.assertIn("2001-09-09T01:46:40", out)
        self.assertEqual(run("-j", self.path, "verify")[0], 0)

    def test_damage_is_named(self):
        self.sql("UPDATE event SET body=replace(body,'Text','text') WHERE seq IN (5,77)")
        code, out, _ = run("-j", self.path, "verify")
        self.assertEqual(code, 65)
        self.assertIn("event 5 is damaged", out)
        self.assertIn("event 77 is damaged", out)
        self.assertIn(f"damaged: {EVENTS - 2} events are readable", out)
        code, _, err = run("-j", self.path, "export")
        self.assertEqual(code, 65)
        self.assertIn("event 5 is damaged", err)

    def test_prune(self):
        code, out, _ = run("-j", self.path, "prune", "90d")
        self.assertEqual((code, out), (0, f"{EVENTS - 1} events removed, 1 kept\n"))
        self.assertEqual(run("-j", self.path, "verify")[0], 0)

    def test_redact_an_item(self):
        item = event(3)["id"].rpartition("/")[0] + "/"
        code, out, _ = run("-j", self.path, "redact", item)
        self.assertEqual(code, 0)
        self.assertEqual(out, f"{sum(event(s)['id'].startswith(item) for s in range(1, EVENTS + 1))} events redacted\n")
        code, out, _ = run("-j", self.path, "export")
        for line in out.splitlines():
            if line.startswith('{"seq"'):
                e = json.loads(line)["event"]
                self.assertEqual(e["id"].startswith(item), e["type"] == "org.civicwire.item.redacted.v1")
        self.assertEqual(run("-j", self.path, "verify")[0], 0)
        with open(self.path, "rb") as f:
            self.assertNotIn(b"Text 3. ", f.read())
        self.assertEqual(run("-j", self.path, "redact", "no.such.event/x/1")[0], 66)

    def test_wrong_usage(self):
        for args in ((), ("nothing",), ("prune",), ("prune", "x"), ("backup",), ("redact", "a", "b"), ("--no-such", "stat")):
            code, out, err = run("-j", self.path, *args)
            self.assertEqual((code, out), (64, ""), args)
            self.assertTrue(err)
        self.assertEqual(run("-j", self.path + ".no", "verify")[0], 66)
        self.assertEqual(run("-j", __file__, "verify")[0], 65)
        self.assertEqual(run("--help")[0], 0)

    def test_progress(self):
        """A person at a terminal sees how far it is, after a second, and nothing of it at the end; nobody else does."""
        code, lines, _ = run("-j", self.path, "export")
        lines = lines.splitlines(keepends=True)
        for is_terminal in (True, False):
            new = self.path + f".{is_terminal}"
            master, slave = pty.openpty()
            process = subprocess.Popen([PROGRAM, "journal", "-j", new, "import"], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=slave if is_terminal else subprocess.PIPE, text=True)
            process.stdin.writelines(lines[:2])
            process.stdin.flush()
            time.sleep(1.2)
            process.stdin.writelines(lines[2:])
            process.stdin.close()
            self.assertEqual(process.wait(30), 0)
            os.close(slave)
            seen = os.read(master, 4096).decode() if is_terminal else process.stderr.read()
            os.close(master)
            if is_terminal:
                self.assertRegex(seen, r"^\r\x1b\[Klines read: \d+.*\r\x1b\[K$")
            else:
                self.assertEqual(seen, "")
                process.stderr.close()

    @staticmethod
    def meta(path):
        """What an export does not say."""
        db = sqlite3.connect(path)
        try:
            return db.execute("SELECT name,value FROM meta ORDER BY name").fetchall()
        finally:
            db.close()

    def test_bits_flip_and_ends_are_cut(self):
        """Each is found, or leaves all that the journal holds as it was: every event, and every row of what is
        remembered; and never a wrong one is given out."""
        chance, found, harmless = random.Random(20261125), 0, 0
        with open(self.original, "rb") as f:
            good = f.read()
        code, whole, _ = run("-j", self.original, "export")
        self.assertEqual(code, 0)
        rows = set(whole.splitlines())
        meta = self.meta(self.original)
        for n in range(FLIPS):
            bad = bytearray(good)
            if n % 10 == 9:
                del bad[chance.randrange(len(bad)):]
            else:
                bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
            with open(self.path, "wb") as f:
                f.write(bad)
            code, out, err = run("-j", self.path, "verify")
            self.assertIn(code, (0, 65, 74, 66), (n, code, out, err))
            exported, given, _ = run("-j", self.path, "export")
            for line in given.splitlines():
                self.assertTrue(line in rows or line.startswith('{"end"'), f"flip {n}: damage was given out: {line[:300]}")
            if code == 0:
                self.assertEqual((exported, given), (0, whole), f"flip {n} was not found: {out}")
                self.assertEqual(self.meta(self.path), meta, f"flip {n} was not found: {out}")
                harmless += 1
            else:
                self.assertTrue(out or err)
                found += 1
            for suffix in ("-wal", "-shm"):
                if os.path.exists(self.path + suffix):
                    os.unlink(self.path + suffix)
        print(f"{FLIPS} flips and cuts: {found} found, {harmless} harmless", file=sys.stderr)
        self.assertGreater(found, FLIPS // 2)


if __name__ == "__main__":
    unittest.main()
