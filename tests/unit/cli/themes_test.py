#!/usr/bin/python3
"""`civicwire themes test`: rules against past events from files.

    themes_test.py CIVICWIRE
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def event(n, title, themes="", feed="co-mde.aci.news", language="es", text="", **more):
    data = {"id": str(n), "title": title, "content_text": text, "language": language}
    if "category" in more:
        data["_categories"] = [{"term": more["category"]}]
    made = {"specversion": "1.0", "id": f"{feed}/k{n}/1", "type": more.get("type", "org.civicwire.item.published.v1"),
            "cwfeed": feed, "data": data}
    if themes:
        made["cwthemes"] = themes
    return made


EVENTS = [event(1, "Desfile en la ciudad", "culture"), event(2, "Nada de nada", "culture awards"),
          event(3, "Otro desfile", feed="mx-mex.cgai.news"), event(4, "Parade", language="en"),
          event(5, "Desfiles", text="un desfile, y otro desfile lejos de aquí que también es desfile"),
          event(6, "x", type="org.civicwire.item.withdrawn.v1"), event(7, "Fiesta", category="Carnaval")]
THEMES = """themes:
  - id: culture
    name: { en: Culture }
    words: { es: [desfile], en: [parade] }
    categories: [carnaval]
"""


def run(*args, code=0, text=""):
    done = subprocess.run([PROGRAM, "themes", *map(str, args)], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (args, done)
    return done.stdout if code == 0 else done.stderr


class Themes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.events = self.folder / "events.jsonl"
        self.events.write_text("".join(json.dumps(e) + "\n" for e in EVENTS))

    def tried(self, *args):
        return json.loads(run("test", "--json", *args, self.events))

    def test_words(self):
        found = self.tried("--theme", "culture", "--words", "desfile, fiesta ,nada de nada")
        self.assertEqual(found["events"], 6)
        said = found["themes"]["culture"]
        self.assertEqual((said["events"], said["added"], said["lost"]), (5, 3, 0))
        self.assertEqual(said["words"], {"desfile": 3, "nada de nada": 1, "fiesta": 1})
        self.assertEqual(said["feeds"], {"co-mde.aci.news": 4, "mx-mex.cgai.news": 1})
        self.assertEqual([e["title"] for e in said["examples"]["added"]], ["Otro desfile", "Desfiles", "Fiesta"])

    def test_language_and_feeds(self):
        rule = ("--theme", "culture", "--words", "parade,desfile")
        self.assertEqual(self.tried(*rule, "--language", "en")["themes"]["culture"]["words"], {"parade": 1})
        said = self.tried(*rule, "--feed", "mx-mex.*")
        self.assertEqual((said["events"], said["themes"]["culture"]["events"]), (1, 1))

    def test_file(self):
        path = self.folder / "t.yaml"
        path.write_text(THEMES)
        found = self.tried("--file", path)["themes"]
        self.assertEqual(list(found), ["culture"], "awards is no theme of the file")
        self.assertEqual((found["culture"]["events"], found["culture"]["added"], found["culture"]["lost"]), (5, 4, 1))
        self.assertEqual(found["culture"]["examples"]["lost"], [{"id": "co-mde.aci.news/k2/1", "title": "Nada de nada"}])
        path.write_text(THEMES.replace("words", "wrods"))
        self.assertIn("t.yaml:4:5: theme culture: unknown key 'wrods' (did you mean 'words'?)",
                      run("test", "--file", path, self.events, code=78))
        self.assertIn("No such file", run("test", "--file", self.folder / "none", self.events, code=66))

    def test_configuration(self):
        """The shipped vocabulary and a feed's own themes."""
        (self.folder / "feeds.d").mkdir()
        (self.folder / "feeds.d" / "a.yaml").write_text(
            "cities: [ { id: co-mde, name: { es: M }, agencies: [ { id: aci, name: { es: A }, feeds: [ { id: news, "
            'url: "https://aci.example/", themes: [culture] } ] } ] } ]\n')
        found = self.tried("-c", self.folder)["themes"]
        self.assertEqual(found["awards"]["lost"], 1)
        self.assertEqual(found.get("culture", {"lost": 0})["lost"], 0, "the feed's own theme is not lost")
        self.assertEqual(list(self.tried("-c", self.folder, "--theme", "awards")["themes"]), ["awards"])

    def test_text(self):
        text = run("test", "--theme", "culture", "--words", "desfile", "--examples", "1", self.events)
        for words in ("6 events of items", "culture: 3, 2 of them new; 1 would lose it", "words        3  desfile",
                      "new    Otro desfile  (mx-mex.cgai.news/k3/1)", "lost   Nada de nada", "as now Desfile en la ciudad"):
            self.assertIn(words, text)
        self.assertIn("none of them would have", run("test", "--theme", "x", "--words", "zzz", self.events))
        self.assertIn("6 events", run("test", "--theme", "culture", "--words", "desfile", "-", text=self.events.read_text()))
        exported = json.dumps({"seq": 1, "recorded": 1, "views": [["feed/a/", 0]], "event": EVENTS[0]}) + "\n"
        exported = '{"civicwire_journal":1}\n{"table":"feed","row":{}}\n' + exported + '{"end":true,"events":1}\n'
        self.assertIn("1 event of items", run("test", "--theme", "culture", "--words", "desfile", "-", text=exported))

    def test_mistakes(self):
        self.assertIn("which theme", run("test", "--words", "a", self.events, code=64))
        self.assertIn("goes with --words", run("test", "--language", "es", self.events, code=64))
        self.assertIn("themes test", run("tset", code=64))
        self.assertIn("events.jsonl:1: ", run("test", "--theme", "a", "--words", "b", self.bad(), code=65))
        self.assertIn("/nowhere", run("test", "--theme", "a", "--words", "b", "/nowhere", code=66))
        self.assertIn("/nowhere", run("test", "--theme", "a", "--words", "b", "--journal", "/nowhere", code=66))

    def bad(self):
        self.events.write_text("{\n")
        return self.events


unittest.main()
