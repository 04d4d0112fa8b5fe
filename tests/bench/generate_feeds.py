#!/usr/bin/python3
"""Feeds for measuring: many small files, or one document of a size, the same for the same seed.

    generate_feeds.py FOLDER [--files 1000] [--bytes 20000] [--seed 1]
    generate_feeds.py FILE --document 50000000 [--seed 1]

The mixture follows what 300 real feeds of cities and institutions were measured to hold: three in four
are RSS 2.0, one in five Atom, few RDF; an item has 2.7 KB on average, most far less, a few a multiple;
half of the text is HTML in CDATA (WordPress), a fifth is escaped, a tenth XHTML, the rest plain; an item
has about 3 paragraphs, 2 links, 2 spans, one picture. All words and sentences are made here."""
import argparse
import datetime
import html
import pathlib
import random
import sys

# Words a city's press office may use; no sentence made of them means anything.
WORDS = {
    "es": "el la los las de en con para por una un su más obra agua vivienda barrio ciudad alcaldía plazo servicio público "
          "atención información construcción educación niñez señal año mañana ningún programa apoyo calle vía árbol parque "
          "inauguración rehabilitación movilidad ciclovía biblioteca jóvenes mujeres presupuesto participación sesión "
          "comunidad reciclaje salud vacunación jornada taller convocatoria becas que fue será anunció presentó abrió",
    "pt": "o a os as de em com para por uma um sua mais obra água habitação bairro cidade prefeitura prazo serviço público "
          "atenção informação construção educação infância ação amanhã nenhum programa apoio rua via árvore praça inauguração "
          "mobilidade ciclovia biblioteca jovens mulheres orçamento participação sessão comunidade reciclagem saúde vacinação "
          "mutirão oficina edital bolsas que foi será anunciou apresentou abriu não também até três",
    "fr": "le la les des de en avec pour par une un sa plus chantier eau logement quartier ville mairie délai service public "
          "accueil information rénovation éducation petite enfance année demain aucun programme soutien rue voie arbre parc "
          "ouverture mobilité piste cyclable bibliothèque jeunes femmes budget participation séance communauté recyclage "
          "santé vaccination journée atelier appel bourses qui fut sera annonça présenta où déjà être après très",
    "en": "the a of in with for by one its more works water housing district city council deadline service public notice "
          "information renovation education childhood year tomorrow no programme support street lane tree park opening "
          "mobility cycle path library youth women budget participation session community recycling health vaccination "
          "day workshop call grants which was will announced presented opened resident hearing plan river bus stop",
}
LOCALES = {"es": "es-CO", "pt": "pt-BR", "fr": "fr-FR", "en": "en-GB"}
SHARES = [("es", 40), ("pt", 20), ("fr", 15), ("en", 25)]
# How files are made: (kind, share of files in percent).
KINDS = [("wordpress", 44), ("rss_escaped", 16), ("rss_plain", 17), ("atom_html", 9), ("atom_xhtml", 8),
         ("atom_cdata", 3), ("rdf", 3)]
# Mean length of an item's main text, in bytes; the spread is wide (most are shorter, some far longer).
TEXT_BYTES = {"wordpress": 3400, "rss_escaped": 1700, "rss_plain": 330, "atom_html": 2700, "atom_xhtml": 2700,
              "atom_cdata": 2700, "rdf": 330}
CRLF_SHARE = 0.12
MEDIA_SHARE, ENCLOSURE_SHARE = 0.08, 0.12
SENTENCES = 400
NAMES = ["Ana Peñalosa", "João Conceição", "Zoé Lefèvre", "Mark Whitford", "prensa", "admin", "Secretaría de Prensa", "Núria Güell"]
NAMESPACES = ('xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/" '
              'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
              'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
              'xmlns:media="http://search.yahoo.com/mrss/" xmlns:georss="http://www.georss.org/georss"')
EPOCH = datetime.datetime(2025, 6, 1, 12, 0, tzinfo=datetime.timezone.utc)
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def weighted(rng, pairs):
    return rng.choices([p[0] for p in pairs], [p[1] for p in pairs])[0]


def make_sentences(seed):
    """A stock of sentences per language: as plain text, and as typed into an editor (typographic
    references, soft hyphens, now and then a bare ampersand)."""
    stock = {}
    for language, words in WORDS.items():
        rng = random.Random(f"{seed}/{language}")
        words, plain, rich = words.split(), [], []
        for _ in range(SENTENCES):
            chosen = rng.choices(words, k=rng.randint(6, 24))
            text = chosen[0].capitalize() + " " + " ".join(chosen[1:])
            if rng.random() < 0.3:
                text = text.replace(" ", ", ", 1)
            if rng.random() < 0.2:
                text += f" {rng.randint(2, 2030)}"
            plain.append(text + ".")
            typed = html.escape(text, quote=False)
            style = rng.random()
            if style < 0.12:
                typed = f"&#8220;{typed}&#8221;"
            elif style < 0.2:
                typed = typed.replace(" ", "&nbsp;", 1)
            elif style < 0.26:
                typed += "&#8230;"
            elif style < 0.31:
                typed += " &amp; " + rng.choice(words)
            elif style < 0.35:
                typed = typed.replace("é", "&#233;").replace("ó", "&oacute;")
            rich.append(typed + ".")
        stock[language] = plain, rich
    return stock


class Writer:
    """Writes the items of one document."""

    def __init__(self, stock, rng, kind, language):
        self.rng, self.kind, self.language = rng, kind, language
        self.plain, self.rich = stock[language]
        self.site = f"https://www.{rng.choice(self.words())}-{rng.randint(1, 999)}.example"
        self.serial = rng.randint(1000, 90000)
        self.when = EPOCH - datetime.timedelta(seconds=rng.randint(0, 10**7))
        self.has_media, self.has_enclosures = rng.random() < MEDIA_SHARE * 2, rng.random() < ENCLOSURE_SHARE
        self.zone = rng.choice(["+0000", "+0000", "GMT", "-0500", "-0300", "+0200"])

    def words(self):
        return ["ciudad", "prefeitura", "mairie", "council", "alcaldia", "noticias", "agencia", "metro"]

    def slug(self, title):
        return "-".join(w for w in "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split()[:9])

    def title(self):
        title = self.rng.choice(self.plain).rstrip(".")[:self.rng.randint(30, 90)].strip()
        return title if self.rng.random() > 0.06 else title + " & " + self.rng.choice(WORDS[self.language].split())

    def text(self, n):
        """Plain sentences, about n bytes."""
        out, size = [], 0
        while size < n:
            out.append(self.rng.choice(self.plain))
            size += len(out[-1]) + 1
        return " ".join(out)

    def inline(self):
        """A sentence or two with what editors put in: links, emphasis, spans, line breaks."""
        rng, out = self.rng, []
        for _ in range(rng.randint(1, 4)):
            s = rng.choice(self.rich)
            r = rng.random()
            if r < 0.30:
                target = rng.choice(['', ' target="_blank"', ' target="_blank" rel="noopener noreferrer"', ' title="' + s[:20].replace("&", "").strip() + '"'])
                s = f'<a href="{self.site}/{rng.randint(2019, 2025)}/{self.slug(s)}/{rng.choice(["", "?id=7&amp;lang=" + self.language])}"{target}>{s}</a>'
            elif r < 0.35:
                s = f"<strong>{s}</strong>"
            elif r < 0.40:
                s = f"<em>{s}</em>"
            elif r < 0.62:
                s = f'<span style="{rng.choice(["font-weight: 400;", "color: #333; font-family: Arial, sans-serif;", "font-size: 12pt;"])}">{s}</span>'
            elif r < 0.72:
                s += "<br />"
            elif r < 0.80:
                s = f'<span class="c{rng.randint(1, 9)}">{s}</span>'
            out.append(s)
        return " ".join(out)

    def picture(self):
        rng = self.rng
        address = f"{self.site}/wp-content/uploads/{rng.randint(2019, 2025)}/{rng.randint(1, 12):02}/{self.slug(rng.choice(self.plain))[:30]}"
        w, h = rng.choice([(1024, 683), (800, 600), (640, 360)])
        alt = html.escape(rng.choice(self.plain)[:40])
        if rng.random() < 0.6:
            return f'<img src="{address}.jpg" alt="{alt}" width="{w}" height="{h}" border="0" />'
        more = ", ".join(f"{address}-{x}x{x * h // w}.jpg {x}w" for x in (300, 768, w))
        return (f'<figure id="attachment_{self.serial}" class="wp-caption alignnone"><img loading="lazy" decoding="async" '
                f'class="size-large wp-image-{self.serial}" src="{address}-{w}x{h}.jpg" alt="{alt}" width="{w}" height="{h}" '
                f'srcset="{more}" sizes="(max-width: {w}px) 100vw, {w}px" /><figcaption class="wp-caption-text">'
                f'{rng.choice(self.rich)}</figcaption></figure>')

    def block(self):
        rng, r = self.rng, self.rng.random()
        if r < 0.70:
            return f'<p{rng.choice(["", "", "", " class=" + chr(34) + "has-text-align-left" + chr(34), " style=" + chr(34) + "text-align: justify;" + chr(34)])}>{self.inline()}</p>'
        if r < 0.78:
            items = "\n".join(f"<li>{rng.choice(self.rich)}</li>" for _ in range(rng.randint(2, 6)))
            return f"<ul>\n{items}\n</ul>"
        if r < 0.85:
            level = rng.choice("223")
            return f'<h{level} class="wp-block-heading">{rng.choice(self.rich)}</h{level}>'
        if r < 0.93:
            return self.picture()
        if r < 0.96:
            return f"<blockquote><p>{self.inline()}</p></blockquote>"
        if r < 0.98:
            return f'<div class="row"><div class="col-md-{rng.randint(1, 12)}">{self.inline()}</div></div>'
        rows = "".join(f"<tr><td>{rng.choice(self.rich)}</td><td>{rng.randint(1, 9999)}</td></tr>" for _ in range(rng.randint(2, 5)))
        return f'<table border="1" cellpadding="4"><tbody>{rows}</tbody></table>'

    def html(self, n):
        """Blocks of HTML, about n bytes."""
        out, size = [], 0
        if n > 800:
            out.append(self.picture())
            size += len(out[-1])
        while size < n:
            out.append(self.block())
            size += len(out[-1]) + 1
        return "\n".join(out)

    def length(self):
        return int(TEXT_BYTES[self.kind] * min(self.rng.lognormvariate(-0.4, 0.9), 12)) + 40

    def rfc822(self):
        w = self.when
        return f"{DAYS[w.weekday()]}, {w.day:02} {MONTHS[w.month - 1]} {w.year} {w:%H:%M:%S} {self.zone}"

    def rfc3339(self):
        return self.when.strftime(self.rng.choice(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S-05:00"]))

    def step(self):
        """On to the next item: an older one."""
        self.serial -= self.rng.randint(1, 40)
        self.when -= datetime.timedelta(seconds=self.rng.randint(600, 200_000))
        title = self.title()
        return title, f"{self.site}/{self.when.year}/{self.when.month:02}/{self.slug(title)}-{self.serial}/"

    def categories(self):
        words = WORDS[self.language].split()
        return [self.rng.choice(words).capitalize() for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 5]))]

    def extras(self):
        rng, out = self.rng, ""
        if self.has_enclosures and rng.random() < 0.8:
            out += f'\t\t<enclosure url="{self.site}/media/{self.serial}.jpg" length="{rng.randint(9000, 900000)}" type="image/jpeg" />\n'
        if self.has_media:
            out += (f'\t\t<media:content url="{self.site}/media/{self.serial}-full.jpg?w=1200&amp;h=800" medium="image" type="image/jpeg" width="1200" height="800">\n'
                    f'\t\t\t<media:title type="html">{html.escape(rng.choice(self.plain))}</media:title>\n\t\t</media:content>\n'
                    f'\t\t<media:thumbnail url="{self.site}/media/{self.serial}-150x150.jpg" />\n')
        if rng.random() < 0.03:
            out += f"\t\t<georss:point>{rng.uniform(-35, 50):.4f} {rng.uniform(-80, 10):.4f}</georss:point>\n"
        return out

    def wordpress(self):
        title, link = self.step()
        out = [f"\t\t<item>\n\t\t<title>{html.escape(title, quote=False).replace('’', '&#8217;')}</title>\n\t\t<link>{link}</link>\n"]
        comments = self.rng.random() < 0.6
        if comments:
            out.append(f"\t\t\t\t\t<comments>{link}#respond</comments>\n\t\t\n")
        out.append(f"\t\t<dc:creator><![CDATA[{self.rng.choice(NAMES)}]]></dc:creator>\n\t\t<pubDate>{self.rfc822()}</pubDate>\n")
        out += [f"\t\t\t\t<category><![CDATA[{c}]]></category>\n" for c in self.categories()]
        out.append(f'\t\t<guid isPermaLink="false">{self.site}/?p={self.serial}</guid>\n\n')
        out.append(f"\t\t\t\t\t<description><![CDATA[<p>{self.rng.choice(self.rich)} {self.rng.choice(self.rich)} [&#8230;]</p>\n]]></description>\n")
        out.append(f"\t\t\t\t\t\t\t\t\t\t<content:encoded><![CDATA[{self.html(self.length())}\n]]></content:encoded>\n")
        if comments:
            out.append(f"\t\t\t\t\t<wfw:commentRss>{link}feed/</wfw:commentRss>\n\t\t\t<slash:comments>{self.rng.randint(0, 20)}</slash:comments>\n\t\t\n")
        return "".join(out) + self.extras() + "\t\t\t</item>\n"

    def rss_item(self, description):
        title, link = self.step()
        categories = "".join(f"\t\t<category>{c}</category>\n" for c in self.categories()[:2])
        guid = self.rng.choice([f'<guid isPermaLink="true">{link}</guid>', f"<guid>{self.serial} at {self.site}</guid>"])
        return (f"\t<item>\n\t\t<title>{html.escape(title, quote=False)}</title>\n\t\t<link>{link}</link>\n"
                f"\t\t<description>{description}</description>\n{categories}\t\t<pubDate>{self.rfc822()}</pubDate>\n"
                f"\t\t{guid}\n{self.extras()}\t</item>\n")

    def rss_escaped(self):
        return self.rss_item(html.escape(self.html(self.length()), quote=self.rng.random() < 0.3))

    def rss_plain(self):
        text = self.text(self.length())
        return self.rss_item(f"<![CDATA[{text}]]>" if self.rng.random() < 0.3 else html.escape(text, quote=False))

    def atom_entry(self, content):
        title, link = self.step()
        categories = "".join(f'\t\t<category term="{c}" scheme="{self.site}/tags"/>\n' for c in self.categories())
        return (f'\t<entry>\n\t\t<id>{self.site}/node/{self.serial}</id>\n\t\t<title type="text">{html.escape(title, quote=False)}</title>\n'
                f'\t\t<link rel="alternate" type="text/html" href="{link}"/>\n\t\t<published>{self.rfc3339()}</published>\n'
                f'\t\t<updated>{self.rfc3339()}</updated>\n\t\t<author><name>{self.rng.choice(NAMES)}</name></author>\n{categories}'
                f'\t\t<summary type="text">{html.escape(self.text(150), quote=False)}</summary>\n\t\t{content}\n\t</entry>\n')

    def atom_html(self):
        return self.atom_entry(f'<content type="html">{html.escape(self.html(self.length()), quote=False)}</content>')

    def atom_cdata(self):
        return self.atom_entry(f'<content type="html"><![CDATA[{self.html(self.length())}]]></content>')

    def atom_xhtml(self):
        body = self.html(self.length()).replace("&nbsp;", "&#160;").replace("&oacute;", "&#243;")
        return self.atom_entry(f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{body}</div></content>')

    def rdf(self):
        title, link = self.step()
        return (f'<item rdf:about="{link}">\n<title>{html.escape(title, quote=False)}</title>\n<link>{link}</link>\n'
                f'<description>{html.escape(self.text(self.length()), quote=False)}</description>\n<dc:creator>{self.rng.choice(NAMES)}</dc:creator>\n'
                f"<dc:date>{self.rfc3339()}</dc:date>\n<dc:subject>{self.rng.choice(WORDS[self.language].split())}</dc:subject>\n</item>\n")

    def item(self):
        return getattr(self, self.kind)()

    def frame(self):
        """What stands before the items, and after."""
        name = html.escape(self.title(), quote=False)
        if self.kind == "rdf":
            return ('<?xml version="1.0" encoding="utf-8"?>\n<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
                    f'xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel rdf:about="{self.site}/"><title>{name}</title><link>{self.site}/</link>'
                    f"<description>{name}</description></channel>\n", "</rdf:RDF>\n")
        if self.kind.startswith("atom"):
            return (f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{LOCALES[self.language]}">\n\t<title>{name}</title>\n'
                    f'\t<id>{self.site}/feed</id>\n\t<link rel="self" href="{self.site}/feed.atom"/>\n\t<link href="{self.site}/"/>\n\t<updated>{self.rfc3339()}</updated>\n', "</feed>\n")
        return (f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {NAMESPACES}>\n<channel>\n\t<title>{name}</title>\n'
                f'\t<atom:link href="{self.site}/feed/" rel="self" type="application/rss+xml" />\n\t<link>{self.site}</link>\n\t<description>{name}</description>\n'
                f"\t<lastBuildDate>{self.rfc822()}</lastBuildDate>\n\t<language>{LOCALES[self.language]}</language>\n\t<sy:updatePeriod>hourly</sy:updatePeriod>\n"
                "\t<sy:updateFrequency>1</sy:updateFrequency>\n", "</channel>\n</rss>\n")


def write_file(path, stock, seed, n, mean_bytes):
    rng = random.Random(f"{seed}/file/{n}")
    writer = Writer(stock, rng, weighted(rng, KINDS), weighted(rng, SHARES))
    limit = max(2000, rng.gauss(mean_bytes * 0.9, mean_bytes / 4))  # the last item goes beyond
    head, tail = writer.frame()
    out, size = [head], len(head) + len(tail)
    while size < limit:
        out.append(writer.item())
        size += len(out[-1])
    text = "".join(out) + tail
    if rng.random() < CRLF_SHARE:
        text = text.replace("\n", "\r\n")
    path.write_bytes(text.encode())


def write_document(path, stock, seed, size):
    """One RSS document whose items are of all kinds that RSS has, as an archive of many writers."""
    rng = random.Random(f"{seed}/document")
    writers = [Writer(stock, rng, kind, language) for kind, _ in KINDS[:3] for language, _ in SHARES]
    weights = [k * l for _, k in KINDS[:3] for _, l in SHARES]
    head, tail = writers[0].frame()
    with open(path, "wb") as out:
        written = out.write(head.encode())
        while written < size - len(tail):
            written += out.write(rng.choices(writers, weights)[0].item().encode())
        out.write(tail.encode())


def write_files(folder, seed, files, mean_bytes):
    """The paths of the files written."""
    stock, paths = make_sentences(seed), [pathlib.Path(folder) / f"{n:04}.xml" for n in range(files)]
    for n, path in enumerate(paths):
        write_file(path, stock, seed, n, mean_bytes)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("target", type=pathlib.Path, help="a folder, made if need be; with --document a file")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=20_000, help="mean size of a file")
    parser.add_argument("--document", type=int, metavar="BYTES", help="one document of this size instead of files")
    parser.add_argument("--seed", default="1")
    given = parser.parse_args()
    if given.document:
        write_document(given.target, make_sentences(given.seed), given.seed, given.document)
    else:
        given.target.mkdir(parents=True, exist_ok=True)
        write_files(given.target, given.seed, given.files, given.bytes)


if __name__ == "__main__":
    sys.exit(main())
