#!/usr/bin/python3
"""`civicwire opml`: lists of feeds in and out. What is exported and imported again is the same configuration; a
hostile list costs nothing.

    opml_test.py CIVICWIRE
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = sys.argv.pop(1)
EXAMPLE = pathlib.Path(os.environ["CIVICWIRE_DATADIR"]) / "feeds.d" / "al-las.yaml.example"
LIST = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.0"><head><title>Ciudades &amp; más</title></head><body>
<outline text="Medellín: Noticias"><outline type="rss" text="ACI &lt;Noticias&gt;" xmlUrl="https://aci.example/feed?a=1&amp;b=2"
 language="es-CO"/><outline title="ACI Noticias" xmlUrl="https://aci.example/en"/>
<outline text="same" xmlUrl="https://aci.example/en"/></outline>
<outline text="alone" XMLURL="http://www.medellin.gov.co/rss"/>
<outline type="link" text="a page" url="https://aci.example/"/>
<outline text="file" xmlUrl="file:///etc/passwd"/><outline text="secret" xmlUrl="https://me:pass@aci.example/"/>
</body></opml>"""
BOMB = '<!DOCTYPE opml [<!ENTITY a "xxxxxxxxxx">' + "".join(
    f'<!ENTITY {b} "{("&" + a + ";") * 10}">' for a, b in zip("abcdefghi", "bcdefghij")) + \
    ']><opml><body><outline text="&j;" xmlUrl="http://a.example/"/></body></opml>'


def limits(limit):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


# A sanitizer's program maps more than any limit by itself.
CAN_LIMIT = b"__asan_init" not in pathlib.Path(PROGRAM).read_bytes()


def run(*args, code=0, text="", limit=0):
    done = subprocess.run([PROGRAM, "opml", *map(str, args)], input=text.encode(), capture_output=True, timeout=60,
                          preexec_fn=limits(limit) if limit and CAN_LIMIT else None)
    assert done.returncode == code, (args, done)
    return done.stdout.decode(), done.stderr.decode()


class Opml(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def configure(self, yaml, name="a"):
        folder = self.folder / name
        (folder / "feeds.d").mkdir(parents=True, exist_ok=True)
        (folder / "feeds.d" / "a.yaml").write_text(yaml)
        return folder

    def feeds(self, folder):
        """Of each feed of a configuration what a list of feeds can say."""
        done = subprocess.run([PROGRAM, "config", "show", "--json", "-c", folder, "*"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done)
        said = {}
        for line in map(json.loads, done.stdout.splitlines()):
            if line["key"] in ("url", "language"):
                said.setdefault(line["feed"], {})[line["key"]] = line["value"].strip('"')
        return said

    def test_import(self):
        yaml, told = run("import", text=LIST)
        said = self.feeds(self.configure(yaml))
        self.assertEqual(said, {
            "x-ciudades-mas.medellin-noticias.aci-noticias":
                {"url": "https://aci.example/feed?a=1&b=2", "language": "es-CO"},
            "x-ciudades-mas.medellin-noticias.aci-noticias-2": {"url": "https://aci.example/en"},
            "x-ciudades-mas.medellin.alone": {"url": "http://www.medellin.gov.co/rss"}})
        self.assertIn('name: { es: "ACI <Noticias>" }', yaml)
        for words in ("# Look over", '"file:///etc/passwd": no http', "it stands here twice"):
            self.assertIn(words, yaml)
        self.assertEqual(told, "civicwire opml: 3 feeds taken, 1 stand there twice, 2 have no address that can be polled, "
                               "1 outlines are no feeds\n")

    def test_place_and_known(self):
        first = self.configure(run("import", "--place", "co-mde", text=LIST)[0])
        self.assertEqual({f.split(".")[0] for f in self.feeds(first)}, {"co-mde"})
        yaml, told = run("import", "-c", first, text=LIST)
        self.assertIn("0 feeds taken, 4 are configured already", told)
        self.assertIn("the configuration has it", yaml)
        done = subprocess.run([PROGRAM, "check", self.configure(yaml, "b")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done)

    def test_round_trip(self):
        first = self.configure(EXAMPLE.read_text())
        text, _ = run("export", "-c", first)
        root = xml.etree.ElementTree.fromstring(text)
        self.assertEqual((root.tag, root.attrib["version"]), ("opml", "2.0"))
        second = self.configure(run("import", text=text)[0], "b")
        self.assertEqual(self.feeds(second), self.feeds(first))
        self.assertEqual(len(self.feeds(first)), 5)
        self.assertEqual(run("import", text=run("export", "-c", second)[0])[0], run("import", text=text)[0])
        # A person's names survive, quotes and brackets too.
        odd = self.configure(EXAMPLE.read_text().replace("ACI Medellín", 'A "quoted" <name> & co'), "c")
        self.assertIn('"A \\"quoted\\" <name> & co"', run("import", text=run("export", "-c", odd)[0])[0])

    def test_files(self):
        (self.folder / "list.opml").write_text(LIST)
        run("import", self.folder / "list.opml", "-o", self.folder / "out.yaml")
        self.assertIn("bodies:", (self.folder / "out.yaml").read_text())
        self.assertIn("exists", run("import", self.folder / "list.opml", "-o", self.folder / "out.yaml", code=73)[1])
        self.assertIn("No such file", run("import", self.folder / "none", code=66)[1])
        self.assertIn("/nowhere", run("export", "-c", "/nowhere", code=66)[1])

    def test_hostile(self):
        megabytes = 600 << 20  # the address space that the program may have; its libraries take a third
        self.assertIn("line 1: it declares entities", run("import", code=65, text=BOMB, limit=megabytes)[1])
        secret = self.folder / "secret"
        secret.write_text("s3cret")
        external = f'<!DOCTYPE opml [<!ENTITY x SYSTEM "file://{secret}">]><opml><body><outline text="&x;" ' \
                   'xmlUrl="http://a.example/"/></body></opml>'
        out = run("import", code=65, text=external)
        self.assertNotIn("s3cret", out[0] + out[1])
        deep = "<opml><body>" + '<outline text="x">' * 5000 + "</body></opml>"
        self.assertIn("nested too deep", run("import", code=65, text=deep, limit=megabytes)[1])
        many = "<opml><body>" + '<outline text="x"/>\n' * 100001 + "</body></opml>"
        self.assertIn("line 100001: there are more outlines", run("import", code=65, text=many)[1])
        self.assertIn("longer than 16 MiB", run("import", code=65, text=" " * (17 << 20), limit=megabytes)[1])
        odd = '<opml><body><outline text="a&#10;b: [}" xmlUrl="http://a.example/&#10;- id: evil"/>' \
              '<outline text="a&#10;b: [}" xmlUrl="http://a.example/1"/></body></opml>'
        yaml, _ = run("import", text=odd)
        self.assertEqual(list(self.feeds(self.configure(yaml))), ["x-opml.a.a-b"])

    def test_no_opml(self):
        for text, words in (("", "line 1: "), ("{}", "line 1: "), ("<rss/>", "root is not <opml>"),
                            ("<opml><body><outline></body></opml>", "line 1: Opening and ending tag mismatch")):
            self.assertIn(words, run("import", code=65, text=text)[1], text)
        self.assertIn("say what", run(code=64)[1])
        self.assertIn("'improt' is no verb", run("improt", code=64)[1])
        self.assertIn("names a city", run("import", "--place", "Medellín", code=64)[1])


unittest.main()
