"""Texts through the real `civicwire parse`: what of the vectors and of the corpus a reader would get."""
import ast
import html
import json
import os
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "corpus"))
from reader import Worker  # noqa: E402

VECTORS = SOURCE / "tests" / "unit" / "normalize"
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
BATCH = 40  # vectors that can share a feed
URL = "http://city.example/feeds/news.xml"


def read_array(name):
    """The byte strings of one array of the sanitiser's unit test."""
    for header in sorted(VECTORS.glob("xss_*.h")):
        body = re.search(rf"\b{name}\[\] = {{(.*?)\n}};", header.read_text(encoding="utf-8"), re.S)
        if body:
            return [b"".join(ast.literal_eval("b" + literal) for literal in LITERAL.findall(
                        element)) for element in re.findall(r"STR\((.*?)\),\n", body.group(1), re.S)]
    raise LookupError(name)


def vectors():
    """(documents, documents made of every URL in every place, URLs)"""
    urls = read_array("xss_urls")
    placed = [place.replace(b"%s", url) for place in read_array("xss_places") for url in urls]
    return read_array("xss_documents"), placed, urls


def escape(text):
    for raw, reference in ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;")):
        text = text.replace(raw, reference)
    return text


def rss(body):
    """RSS around bodies, each made an item's inside."""
    def feed(texts):
        items = b"".join(b"<item><title>%d</title><guid isPermaLink=\"false\">%d</guid>%s</item>" %
                         (i, i, body(text)) for i, text in enumerate(texts))
        return (b"<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" "
                b"xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>x</title>"
                b"<link>http://city.example/</link><description>x</description>" + items +
                b"</channel></rss>")
    return feed


def atom(body):
    def feed(texts):
        entries = b"".join(b"<entry><id>urn:x:%d</id><title>%d</title>"
                           b"<updated>2020-01-01T00:00:00Z</updated>%s</entry>" % (i, i, body(text))
                           for i, text in enumerate(texts))
        return (b"<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\">"
                b"<id>urn:x</id><title>x</title><updated>2020-01-01T00:00:00Z</updated>" + entries +
                b"</feed>")
    return feed


def json_feed(texts):
    items = [{"id": str(i), "title": str(i), "content_html": text.decode("utf-8", "replace")}
             for i, text in enumerate(texts)]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "x",
                       "items": items}).encode()


FORMATS = {
    "rss escaped": rss(lambda text: b"<description>" + escape(text) + b"</description>"),
    "rss cdata": rss(lambda text: b"<content:encoded><![CDATA[" +
                     text.replace(b"]]>", b"]]]]><![CDATA[>") + b"]]></content:encoded>"),
    "atom html": atom(lambda text: b"<content type=\"html\">" + escape(text) + b"</content>"),
    "json": json_feed,
}
# As markup of the feed itself: most vectors are not well-formed, and the parser mends what it can.
INLINE = {
    "atom xhtml": atom(lambda text: b"<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">" +
                       text + b"</div></content>"),
    "rss inline": rss(lambda text: b"<description>" + text + b"</description>"),
}
LINKS = rss(lambda text: b"<link>" + escape(text).replace(b"\"", b"&quot;") + b"</link>")


def is_plain(text):
    """Can it stand beside others: valid UTF-8 of characters that XML has?"""
    try:
        return not re.search("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]", text.decode("utf-8"))
    except UnicodeDecodeError:
        return False


class Cleaner:
    """Feeds in, sanitised texts out."""

    def __init__(self, program, folder):
        self.worker, self.path = Worker(program), os.path.join(folder, "feed")
        self.problems = []

    def items(self, feed):
        with open(self.path, "wb") as file:
            file.write(feed)
        line, trouble = self.worker.ask(self.path, URL)
        if trouble:
            self.problems.append(f"{trouble}: {feed[:300]!r}")
            return []
        return json.loads(line).get("items", [])

    def run(self, build, texts, alone=False):
        """The items of feeds of these texts, those that can together."""
        together = [] if alone else [text for text in texts if is_plain(text)]
        found = []
        for i in range(0, len(together), BATCH):
            batch = together[i:i + BATCH]
            items = self.items(build(batch))
            if len(items) != len(batch):
                self.problems.append(f"{len(items)} items of {len(batch)}")
            found += items
        for text in texts if alone else [text for text in texts if not is_plain(text)]:
            found += self.items(build([text]))
        return found

    def of_vectors(self):
        """(label, HTML) of each vector in each format; titles and summaries are texts, and show as such."""
        documents, placed, urls = vectors()
        runs = [(name, build, documents, False) for name, build in FORMATS.items()]
        runs += [(name, build, documents, True) for name, build in INLINE.items()]
        runs += [(f"{name}, URL", FORMATS[name], placed, False) for name in ("rss escaped", "json")]
        for name, build, texts, alone in runs:
            for item in self.run(build, texts, alone):
                yield name, item.get("content_html", "")
        for item in self.run(LINKS, urls):
            yield "link", f'<a href="{html.escape(item.get("url", ""))}">x</a>'

    def of_corpus(self, corpus):
        """(file, HTML) of each item of the corpus."""
        for part in ("feeds", "standards", "feedparser"):
            for path in sorted(pathlib.Path(corpus, part).rglob("*")):
                if not path.is_file():
                    continue
                line, trouble = self.worker.ask(str(path), URL)
                if trouble:
                    self.problems.append(f"{path.name}: {trouble}")
                    continue
                for item in json.loads(line).get("items", []):
                    yield path.name, item.get("content_html", "")

    def close(self):
        return self.worker.close()
