#!/usr/bin/python3
"""`civicwire config show` and `civicwire schema`: what is in force, where it stands, and what the files may say.

    config_test.py CIVICWIRE
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
DATA = pathlib.Path(os.environ["CIVICWIRE_DATADIR"])
MAIN = """publisher: https://wire.example.org
journal: { path: state/journal.db }
live:
  - { bind: "tcp://127.0.0.1:5570" }
  - bind: "tcp://127.0.0.1:5580"
    audience: { topics: [theme/climate/] }
fetch: { interval: 2h }
"""
FEEDS = """networks:
  - { id: net, name: { en: N }, cities: [co-mde] }
cities:
  - id: co-mde
    name: { es: Medellín }
    timezone: America/Bogota
    themes: [culture]
    agencies:
      - id: aci
        name: { es: ACI }
        interval: 30min
        auth: { user: me, password_file: secret.txt }
        feeds:
          - { id: a, url: "https://aci.example/a", themes: [health] }
          - { id: b, url: "https://aci.example/b", interval: 5min, interval_agreed: true }
bodies:
  - { id: x-b, name: { en: B }, agencies: [ { id: c, name: { en: C }, feeds: [ { id: d, url: "https://b.example/" } ] } ] }
"""


def run(*args, code=0):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (args, done)
    return done.stdout if code == 0 else done.stderr


class Show(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "civicwired.yaml").write_text(MAIN)
        (self.folder / "feeds.d").mkdir()
        (self.folder / "feeds.d" / "a.yaml").write_text(FEEDS)
        (self.folder / "feeds.d" / "secret.txt").write_text("s3cret")

    def show(self, *feeds):
        lines = run("config", "show", "--json", "-c", self.folder, *feeds).splitlines()
        return [json.loads(line) for line in lines]

    def one(self, feed, key):
        return [(x["value"], x["where"]) for x in self.show(feed) if x["key"] == key]

    def test_daemon(self):
        said = {x["key"]: (x["value"], x["where"]) for x in self.show()}
        self.assertEqual(said["publisher"], ("https://wire.example.org", "civicwired.yaml:1:12"))
        self.assertEqual(said["journal.path"], (f"{self.folder.resolve()}/state/journal.db", "civicwired.yaml:2:18"))
        self.assertEqual(said["journal.keep"], ("90d", "default"))
        self.assertEqual(said["live[1].bind"], ('"tcp://127.0.0.1:5580"', "civicwired.yaml:5:11"))
        self.assertEqual(said["live[1].audience.topics"], ("[ theme/climate/ ]", "civicwired.yaml:6:25"))
        self.assertEqual(said["fetch.interval"], ("2h", "civicwired.yaml:7:20"))
        self.assertEqual(said["live[0].curve"], ("off", "default"))

    def test_every_key_is_there(self):
        """Without a file all that the sample names with a default is told, with that default."""
        (self.folder / "civicwired.yaml").unlink()
        said = {x["key"]: x["value"] for x in self.show()}
        wanted, section = {}, ""
        for line in (DATA / "civicwired.yaml").read_text().splitlines():
            setting = re.fullmatch(r"#(  )?([a-z_]+):(?: (.*))?", line)
            if setting and not setting.group(1):
                section = setting.group(2) + "."
            if setting and setting.group(3):
                wanted[(section if setting.group(1) else "") + setting.group(2)] = setting.group(3)
        wanted.pop("live")  # told by its parts
        self.assertGreater(len(wanted), 15)
        self.assertEqual(wanted, {key: said.get(key) for key in wanted})

    def test_inheritance(self):
        self.assertEqual(self.one("co-mde.aci.a", "interval"), [("30min", "feeds.d/a.yaml:11:19")])
        self.assertEqual(self.one("co-mde.aci.b", "interval"), [("5min", "feeds.d/a.yaml:15:62")])
        self.assertEqual(self.one("x-b.c.d", "interval"), [("2h", "civicwired.yaml:7:20")])
        self.assertEqual(self.one("co-mde.aci.a", "timezone"), [("America/Bogota", "feeds.d/a.yaml:6:15")])
        self.assertEqual(self.one("x-b.c.d", "timezone"), [])
        self.assertEqual(self.one("co-mde.aci.a", "themes"), [("[ health ]", "feeds.d/a.yaml:14:60"),
                                                              ("[ culture ]", "feeds.d/a.yaml:7:13")])
        self.assertEqual(self.one("co-mde.aci.a", "network"), [("net", "feeds.d/a.yaml:2:42")])
        self.assertEqual(self.one("x-b.c.d", "enabled"), [("true", "default")])
        (self.folder / "civicwired.yaml").unlink()
        self.assertEqual(self.one("x-b.c.d", "interval"), [("60min", "default")])

    def test_patterns_and_secrets(self):
        text = run("config", "show", "-c", self.folder, "co-mde.*")
        self.assertEqual([line for line in text.splitlines() if line and line[0] != " "], ["co-mde.aci.a", "co-mde.aci.b"])
        self.assertIn("password_file: secret.txt", text)
        self.assertNotIn("s3cret", text + run("config", "show", "-c", self.folder))

    def test_mistakes(self):
        self.assertIn("no feed of", run("config", "show", "-c", self.folder, "co-med.*", code=66))
        self.assertIn("/nowhere", run("config", "show", "-c", "/nowhere", code=66))
        self.assertIn("config show", run("config", "shwo", code=64))
        (self.folder / "civicwired.yaml").write_text("kep: 1d\n")
        self.assertIn("civicwired.yaml:1:1: unknown key 'kep'", run("config", "show", "-c", self.folder, code=78))
        with open("/dev/full", "w") as full:
            (self.folder / "civicwired.yaml").write_text(MAIN)
            done = subprocess.run([PROGRAM, "config", "show", "-c", self.folder], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 74)


class Schema(unittest.TestCase):
    FILES = {"civicwired": "civicwired.json", "feeds": "feeds.json", "themes": "themes.json",
             "clients": "clients.json", "item": "item-1.json", "feed": "feed-1.json"}

    def test_all(self):
        import jsonschema
        names = [line.split()[0] for line in run("schema", "--list").splitlines()]
        self.assertEqual(sorted(names), sorted(self.FILES))
        for name, file in self.FILES.items():
            schema = json.loads(run("schema", name))
            self.assertEqual(schema, json.loads((DATA / "schema" / file).read_text()), name)
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_mistakes(self):
        self.assertIn("no schema 'feedz'", run("schema", "feedz", code=64))
        env = dict(os.environ, CIVICWIRE_DATADIR="/nowhere")
        done = subprocess.run([PROGRAM, "schema", "item"], capture_output=True, text=True, env=env)
        self.assertEqual(done.returncode, 66)
        self.assertIn("CIVICWIRE_DATADIR", done.stderr)


unittest.main()
