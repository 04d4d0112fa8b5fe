#!/usr/bin/python3
"""What `civicwire parse --explain` says, with the vocabulary of themes that is shipped: which rule
gave which date, id, link, language and theme.

    explain_test.py CIVICWIRE
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
ITEM = "<item><guid>g</guid><link>http://a.example/1</link>{}</item>"
RSS = ('<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"{}>'
       "<channel><title>t</title>{}</channel></rss>")


def parse(text, *args, code=0):
    done = subprocess.run([PROGRAM, "parse", "--explain", *args, "-"], input=text.encode(),
                          capture_output=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stderr)
    return json.loads(done.stdout) if code == 0 else done.stderr.decode()


def explain(item="", channel="", root="", args=()):
    """The only item and its reasons."""
    document = parse(RSS.format(root, channel + ITEM.format(item)), *args)
    return document["items"][0], document["items"][0]["_explain"]


class Reasons(unittest.TestCase):
    def date(self, raw, language=""):
        channel = f"<language>{language}</language>" if language else ""
        return explain(f"<pubDate>{raw}</pubDate>", channel)[1]["dates"][0]

    def test_off_says_nothing(self):
        text = RSS.format("", ITEM.format("<title>award</title>"))
        done = subprocess.run([PROGRAM, "parse", "-"], input=text.encode(), capture_output=True,
                              timeout=60, check=True)
        self.assertNotIn(b"_explain", done.stdout)

    def test_dates(self):
        said = self.date("Fri, 12 May 2017 10:00:00 EST")
        self.assertEqual(said, {"member": "date_published", "raw": "Fri, 12 May 2017 10:00:00 EST",
                                "read_as": "2017-05-12T15:00:00Z", "form": "month by name",
                                "zone": "name"})
        self.assertEqual(self.date("2017-05-12")["zone"], "none given: UTC")
        self.assertEqual(self.date("05/03/2019", "es-CO")["decided_by"], "language")
        self.assertEqual(self.date("05/03/2019", "es-CO")["form"], "numbers, day first")
        self.assertEqual(self.date("Fri, 05/03/2019")["decided_by"], "weekday")
        self.assertEqual(self.date("Fri, 05/03/2019")["form"], "numbers, month first")
        said = self.date("05/03/2019")
        self.assertEqual((said["flaw"], said["form"]), ("ambiguous", "numbers"))
        self.assertNotIn("read_as", said)
        self.assertEqual(self.date("31 February 2017")["flaw"], "invalid")
        self.assertEqual(self.date("12 lis 2017", "pl")["decided_by"], "language")
        self.assertEqual(self.date("1494583200")["form"], "seconds since 1970")
        self.assertEqual(self.date("2017-W19-5")["form"], "week of the year (ISO 8601)")

    def test_ids(self):
        self.assertEqual(explain()[1]["id"]["from"], "guid")
        self.assertEqual(explain()[1]["id"]["alias"], "g")
        for item, want in (("<link>http://www.a.example/x?utm_source=rss</link>", "link"),
                           ("<title>T</title><pubDate>12 May 2017</pubDate>", "title and date"),
                           ("<title>T</title>", "content")):
            document = parse(RSS.format("", f"<item>{item}</item>"))
            self.assertEqual(document["items"][0]["_explain"]["id"]["from"], want)
        document = parse(RSS.format(
            "", "<item><link>https://www.a.example/x?utm_source=rss</link></item>"))
        said = document["items"][0]["_explain"]
        self.assertEqual(said["id"]["alias"], "a.example/x")
        self.assertEqual(said["url"], {"from": "link"})

    def test_guid_as_link(self):
        document = parse(RSS.format("", "<item><guid>http://a.example/1</guid></item>"))
        self.assertEqual(document["items"][0]["_explain"]["url"], {"from": "guid"})

    def test_encoding(self):
        text = RSS.format("", ITEM.format(""))
        self.assertEqual(parse(text)["_feed"]["_explain"]["encoding_from"],
                         "the bytes, as nothing is said")
        said = parse(text, "--header", "Content-Type: text/xml; charset=utf-8")
        self.assertEqual(said["_feed"]["_explain"]["encoding_from"], "Content-Type")
        said = parse(text.replace('"1.0"', '"1.0" encoding="utf-8"'))
        self.assertEqual(said["_feed"]["_explain"]["encoding_from"], "XML declaration")
        said = parse(text.replace('"1.0"', '"1.0" encoding="iso-8859-1"')
                     .replace("<guid>", "<title>\u00f1</title><guid>"))
        self.assertEqual(said["_feed"]["_explain"]["encoding_from"], "the bytes, against the label")
        said = parse("\ufeff" + text)
        self.assertEqual(said["_feed"]["_explain"]["encoding_from"], "byte order mark")

    def test_operators_feed(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "feeds.d"))
            with open(os.path.join(folder, "feeds.d", "a.yaml"), "w") as out:
                out.write("cities: [{ id: co-mde, name: { es: M }, country: CO, language: es-CO,"
                          " agencies: [{ id: aci, name: { es: A }, feeds: [{ id: news,"
                          ' url: "https://aci.example/feed", themes: [mobility] }] }] }]\n'
                          "rules: [{ theme: culture, feeds: ['co-mde.*'],"
                          " words: { es: [verbena] } }]\n")
            text = RSS.format("", ITEM.format("<title>Gran verbena</title>"))
            document = parse(text, "--config", folder, "--feed", "co-mde.aci.news")
            said = document["items"][0]["_explain"]
            self.assertEqual(said["language"], {"from": "configuration", "raw": "es-CO"})
            self.assertEqual(sorted((t["theme"], t["by"]) for t in said["themes"]),
                             [("culture", "word"), ("mobility", "configuration")])
            self.assertIn("no.such.feed",
                          parse(text, "--config", folder, "--feed", "no.such.feed", code=64))
        self.assertIn("no-such", parse(text, "--config", "/no-such", code=78))

    def test_usage(self):
        for args in (("--config", "x", "f"), ("--explain", "--feed", "x", "f")):
            done = subprocess.run([PROGRAM, "parse", *args], capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 64, args)


class Languages(unittest.TestCase):
    """From the entry outwards; what is no language does not count."""

    def test_sources(self):
        channel, config = "<language>pt</language>", ("--language", "it")
        header = ("--header", "Content-Language: fr")
        dc, lang = "<dc:language>ca</dc:language>", ' xml:lang="gl"'
        self.assertEqual(explain(dc, channel, lang, config + header)[0]["language"], "ca")
        self.assertEqual(explain("", channel, "", config + header)[0]["language"], "pt")
        self.assertEqual(explain("", "", lang, config + header)[0]["language"], "gl")
        self.assertEqual(explain("", "", "", config + header)[0]["language"], "fr")
        self.assertEqual(explain("", "", "", config)[0]["language"], "it")
        self.assertNotIn("language", explain()[0])
        self.assertEqual(explain(dc, channel)[1]["language"], {"from": "entry", "raw": "ca"})
        self.assertEqual(explain("", "", "", config)[1]["language"]["from"], "configuration")

    def test_junk_gives_way(self):
        for junk in ("English", "es-ES,es", "x-default", "utf-8", "iso-8859-1", "--", "e", "1",
                     "en us", "\u65e5\u672c\u8a9e"):
            item, said = explain("", f"<language>{junk}</language>", "", ("--language", "it"))
            self.assertEqual((junk, item.get("language")), (junk, "it"))
            self.assertEqual(said["language"]["from"], "configuration")
        for loose, want in (("en_US", "en-US"), ("es_MX.UTF-8", "es-MX"), ("PT-br", "pt-BR")):
            self.assertEqual(explain(f"<dc:language>{loose}</dc:language>")[0]["language"], want)


# Titles in the four languages, and the themes they are to have: nothing else.
TITLES = (
    ("es", "La ciudad recibe el premio iberoamericano de innovación social",
     "awards social-innovation"),
    ("es", "Gran Premio de México: horarios", ""),
    ("es", "Cae el premio mayor de la lotería", ""),
    ("es", "Mejora el clima laboral en las empresas", ""),
    ("es", "El clima para hoy: cielo despejado", ""),
    ("es", "Adaptación al cambio climático en los barrios", "climate resilience"),
    ("es", "¡Salud! Brindis de fin de año", ""),
    ("es", "Jornada de vacunación en los centros de salud", "health"),
    ("es", "Protección civil emite alerta temprana por lluvias intensas", "disaster-risk"),
    ("es", "Nueva ciclovía y más bicicletas públicas", "mobility"),
    ("es", "Movilidad estudiantil: becas para Europa", ""),
    ("es", "Hermanamiento con Lyon: cooperación descentralizada", "international-relations"),
    ("es", "Presupuesto participativo: vota tu proyecto", "governance"),
    ("es", "La alcaldía inaugura un parque", ""),
    ("es", "Abre la exposición en el Museo de Antioquia", "culture"),
    ("es", "Intercambio de experiencias y buenas prácticas", "good-practice"),
    ("en", "Mayor opens new playground", ""),
    ("en", "City wins award for flood warning system", "awards disaster-risk"),
    ("en", "Business climate survey", ""),
    ("en", "Climate neutral by 2040, says city", "climate"),
    ("en", "Bike lanes and bus lanes: public consultation opens", "governance mobility"),
    ("en", "Resilient share prices", ""),
    ("en", "Chief Resilience Officer appointed", "resilience"),
    ("en", "Twin cities sign memorandum of understanding", "international-relations"),
    ("en", "Brand ambassador wanted", ""),
    ("en", "Lessons learned: case studies from ten cities", "good-practice"),
    ("en", "Mental health week", "health"),
    ("en", "Film festival returns", "culture"),
    ("fr", "Prix des logements en hausse", ""),
    ("fr", "Remise des prix du budget participatif", "awards governance"),
    ("fr", "Réchauffement climatique et canicule", "climate disaster-risk"),
    ("fr", "Pistes cyclables : le conseil municipal vote", "governance mobility"),
    ("fr", "Santé ! Les vœux du maire", ""),
    ("fr", "Campagne de vaccination contre la grippe", "health"),
    ("fr", "Coopération décentralisée et jumelages", "international-relations"),
    ("fr", "Économie sociale et solidaire : tiers-lieux", "social-innovation"),
    ("fr", "Retour d'expérience", "good-practice"),
    ("fr", "Ville résiliente", "resilience"),
    ("fr", "Le musée rouvre", "culture"),
    ("pt", "Prefeitura inaugura creche", ""),
    ("pt", "Cidade recebe prêmio por ciclovias", "awards mobility"),
    ("pt", "Defesa Civil alerta para deslizamentos e enchentes", "disaster-risk"),
    ("pt", "Mudanças climáticas em debate", "climate"),
    ("pt", "Vacinação contra a dengue", "health"),
    ("pt", "Orçamento participativo e dados abertos", "governance"),
    ("pt", "Cidades irmãs assinam acordo bilateral", "international-relations"),
    ("pt", "Inovação social e economia solidária", "social-innovation"),
    ("pt", "Troca de experiências e boas práticas", "good-practice"),
    ("pt", "Estratégia de resiliência", "resilience"),
    ("pt", "Exposição no museu", "culture"),
    ("de", "Award", ""),
)


class Themes(unittest.TestCase):
    def themes(self, said):
        return " ".join(sorted({t["theme"] for t in said["themes"]}))

    def test_titles(self):
        for language, title, want in TITLES:
            with self.subTest(title):
                said = explain(f"<title>{title}</title>", f"<language>{language}</language>")[1]
                self.assertEqual(self.themes(said), want)

    def test_every_theme_speaks_four_languages(self):
        for language in ("es", "en", "fr", "pt"):
            found = {t for l, _, want in TITLES if l == language for t in want.split()}
            self.assertEqual(len(found), 11 if language == "es" else len(found))
            self.assertGreaterEqual(len(found), 10, (language, found))

    def test_word_and_place(self):
        item = "<title>Gana el premio</title><description>Ante el CAMBIO climatico.</description>"
        said = explain(item, "<language>es-MX</language>")[1]["themes"]
        self.assertIn({"theme": "awards", "by": "word", "what": "gana el premio",
                       "where": "title"}, said)
        self.assertIn("climate", [t["theme"] for t in said])

    def test_category(self):
        said = explain("<title>x</title><category>Medio</category><category>SANTE</category>")[1]
        self.assertEqual(said["themes"], [{"theme": "health", "by": "category", "what": "sante"}])


if __name__ == "__main__":
    unittest.main()
