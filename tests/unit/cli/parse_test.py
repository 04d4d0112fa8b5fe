#!/usr/bin/python3
"""civicwire's manners: exit codes, words on stderr, one answer per line.

    parse_test.py CIVICWIRE
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
FEED = b"""<?xml version="1.0"?>
<rss version="2.0"><channel><title>Ciudad</title><link>http://city.example/</link>
<item><guid isPermaLink="false">1</guid><title>Uno</title><link>/1</link>
<author>ana@city.example (Ana)</author></item>
</channel></rss>
"""


def run(*args, stdin=b""):
    done = subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


class Parse(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.feed = os.path.join(self.folder.name, "feed.xml")
        with open(self.feed, "wb") as out:
            out.write(FEED)

    def tearDown(self):
        self.folder.cleanup()

    def test_prints_one_document(self):
        code, out, err = run("parse", self.feed)
        self.assertEqual((code, err, out.count(b"\n")), (0, "", 1))
        document = json.loads(out)
        self.assertEqual(document["title"], "Ciudad")
        self.assertEqual(document["_feed"]["format"], "rss20")
        item = document["items"][0]
        self.assertEqual((item["id"], item["title"]), ("1", "Uno"))
        self.assertEqual(item["authors"], [{"name": "Ana"}])

    def test_reads_standard_input(self):
        self.assertEqual(run("parse", self.feed)[1], run("parse", "-", stdin=FEED)[1])

    def test_reads_a_pipe_by_name(self):
        pipe = os.path.join(self.folder.name, "pipe")
        os.mkfifo(pipe)
        with subprocess.Popen(["cp", self.feed, pipe]):
            self.assertEqual(run("parse", pipe)[1], run("parse", self.feed)[1])

    def test_memory_of_a_large_feed(self):
        with open(PROGRAM, "rb") as program:
            if b"__asan_init" in program.read():
                self.skipTest("a sanitizer takes memory of its own")
        item = b"<item><guid>%d</guid><title>Uno</title><description>" + b"palabra " * 400 + b"</description></item>\n"
        with open(self.feed, "wb") as out:
            out.write(b"<rss version='2.0'><channel>")
            for n in range(10000):
                out.write(item % n)
            out.write(b"</channel></rss>")
        limit = (12 << 20, 12 << 20)
        done = subprocess.run([PROGRAM, "parse", self.feed], capture_output=True, timeout=120,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(len(json.loads(done.stdout)["items"]), 10000)

    def test_every_verb_is_there(self):
        verbs = [line.split()[0] for line in run("--help")[1].decode().splitlines() if line.startswith("  ")][2:]
        self.assertIn("tail", verbs)
        for verb in verbs:
            code, out, err = run(verb, "--help")
            self.assertEqual((code, err), (0, ""), verb)
            self.assertIn(f"civicwire {verb}".encode(), out)

    def test_options(self):
        code, out, _ = run("parse", "--emails", "--language", "es-MX", "--url",
                           "http://other.example/feed", self.feed)
        self.assertEqual(code, 0)
        document = json.loads(out)
        self.assertEqual(document["language"], "es-MX")
        self.assertEqual(document["items"][0]["authors"],
                         [{"name": "Ana", "_email": "ana@city.example"}])

    def test_header_counts(self):
        latin = FEED.replace(b"Ciudad", b"M\xe9xico")
        code, out, _ = run("parse", "--header", "Content-Type: text/xml; charset=iso-8859-1", "-",
                           stdin=latin)
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)["title"], "México")

    def test_no_feed_is_65(self):
        for body in (b"", b"<html><body>404</body></html>", b"hello", b"{}", b"\0\0\0\0"):
            code, out, err = run("parse", "-", stdin=body)
            self.assertEqual((code, out), (65, b""), body)
            self.assertEqual(err.count("\n"), 1, err)

    def test_no_file_is_66(self):
        for path in (self.feed + ".no", self.feed + "/x", self.folder.name):
            code, out, err = run("parse", path)
            self.assertEqual((code, out), (66, b""))
            self.assertIn(path, err)

    def test_wrong_usage_is_64(self):
        for args in ((), ("parse",), ("parse", "a", "b"), ("parse", "--header", "x", "f"),
                     ("parse", "--no-such", "f"), ("parse", "--url"),
                     ("parse", "--worker", "f"), ("no-such-verb",)):
            code, out, err = run(*args)
            self.assertEqual((code, out), (64, b""), args)
            self.assertTrue(err)

    def test_help_and_version(self):
        for args in (("--help",), ("parse", "--help"), ("--version",)):
            code, out, err = run(*args)
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out)

    def test_suggests_the_verb_meant(self):
        self.assertIn("'parse'", run("prase")[2])
        self.assertNotIn("mean", run("xyzzyx")[2])

    def test_full_disk_is_74(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "parse", self.feed], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"cannot write", done.stderr)

    def test_reader_that_goes_is_quiet(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([PROGRAM, "parse", self.feed], stdout=write,
                              stderr=subprocess.PIPE, timeout=60)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (74, b""))


class Worker(unittest.TestCase):
    setUp = Parse.setUp
    tearDown = Parse.tearDown

    def ask(self, *requests):
        lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in requests]
        code, out, _ = run("parse", "--worker", stdin=b"\n".join(lines) + b"\n")
        self.assertEqual(code, 0)
        answers = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(answers), len(lines))
        return answers

    def test_one_answer_per_line(self):
        good = {"file": self.feed}
        answers = self.ask(good, {"file": self.feed + ".no"}, b"not json", {"url": "x"}, b"[]",
                           {"file": 7}, good)
        self.assertEqual(answers[0], json.loads(run("parse", self.feed)[1]))
        for answer in answers[1:6]:
            self.assertEqual(list(answer), ["error"])
            self.assertTrue(answer["error"])
        self.assertEqual(answers[6], answers[0])

    def test_request_speaks_for_itself_alone(self):
        with open(self.feed, "wb") as out:
            out.write(FEED.replace(b"<link>http://city.example/</link>", b""))
        typed = {"file": self.feed, "url": "http://a.example/f",
                 "headers": [["content-language", "pt"], ["X", "y"], ["broken"], 5]}
        first, second = self.ask(typed, {"file": self.feed})
        self.assertEqual(first["items"][0]["url"], "http://a.example/1")
        self.assertEqual(second["items"][0]["url"], "/1")
        self.assertEqual(first.get("language"), "pt")
        self.assertNotIn("language", second)


if __name__ == "__main__":
    unittest.main()
