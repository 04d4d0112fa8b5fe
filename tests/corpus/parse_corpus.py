#!/usr/bin/python3
"""civicwire parse over every file of a corpus of real and broken feeds.

Whatever a file holds, the answer is one line of JSON within ten seconds: a document or an error,
valid UTF-8, of the shape that clients rely on, with nothing in it that a browser would run.

    parse_corpus.py CIVICWIRE [CORPUS]
"""
import html.parser
import json
import os
import re
import sys

from reader import SKIP, Worker, corpus_folder

URL = "http://feeds.example/dir/feed.xml"
DEATHS_MAX = 10  # more of them say nothing new
FOLDERS = ("feeds", "standards", "feedparser")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
# Elements and schemes that act, by whatever name they reach a reader.
ACTIVE = {"script", "object", "embed", "applet", "iframe", "frame", "frameset", "meta", "link",
          "base", "style", "form", "input", "button", "textarea", "select"}
URL_ATTRIBUTES = {"href", "src", "action", "formaction", "data", "xlink:href", "background",
                  "poster", "cite", "longdesc"}
FOUL_SCHEME = re.compile(r"(javascript|vbscript|livescript|data):", re.I)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Scanner(html.parser.HTMLParser):
    """Reads HTML with a parser that is not ours, and notes what could act."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.hits = []

    def handle_starttag(self, tag, attrs):
        if tag in ACTIVE:
            self.hits.append(f"<{tag}>")
        for name, value in attrs:
            squeezed = re.sub(r"[\s\0-\x1f]+", "", value or "")
            if name.startswith("on"):
                self.hits.append(name)
            if name in URL_ATTRIBUTES and FOUL_SCHEME.match(squeezed):
                self.hits.append(f"{name}={squeezed[:30]}")

    handle_startendtag = handle_starttag


def check_item(item):
    """Yields what is wrong with one item of a document."""
    if not isinstance(item.get("id"), str) or not item["id"]:
        yield "an item without id"
    if not isinstance(item.get("content_text"), str):
        yield "an item without content_text"
    for name in ("title", "summary", "content_text", "content_html"):
        if CONTROL.search(item.get(name) or ""):
            yield f"a control character in {name}"
    for name in ("title", "summary"):
        if "\n" in (item.get(name) or ""):
            yield f"a line break in {name}"
    for name in ("date_published", "date_modified", "_created", "_expires"):
        if name in item and not RFC3339.match(item[name]):
            yield f"{name} is {item[name]!r}"
    urls = [item.get("url"), item.get("image"), item.get("_comments")]
    urls += [a.get("url") for a in item.get("attachments", [])]
    urls += [link.get("href") for link in item.get("_links", [])]
    for url in urls:
        if url and FOUL_SCHEME.match(re.sub(r"[\s\0-\x1f]+", "", url)):
            yield f"an address that acts: {url[:40]!r}"
    if "content_html" in item:
        scanner = Scanner()
        scanner.feed(item["content_html"])
        scanner.close()
        for hit in scanner.hits:
            yield f"active content: {hit}"


def check_document(document):
    if document.get("version") != "https://jsonfeed.org/version/1.1":
        yield "no JSON Feed version"
    if not isinstance(document.get("_feed", {}).get("flaws"), list):
        yield "no _feed.flaws"
    for item in document["items"]:
        yield from check_item(item)
    if "guids-repeat" not in document["_feed"]["flaws"]:
        ids = [item["id"] for item in document["items"]]
        if len(ids) != len(set(ids)):
            yield "an id twice"


def files(corpus):
    for folder in FOLDERS:
        for root, _, names in sorted(os.walk(os.path.join(corpus, folder))):
            for name in sorted(names):
                yield os.path.join(root, name)


def judge(line):
    """(kind, items, problems) of one answer."""
    try:
        document = json.loads(line.decode("utf-8"))
    except ValueError as error:
        return "broken", 0, [f"not JSON in UTF-8: {error}"]
    if set(document) == {"error"}:
        reason = document["error"]
        bad = [] if isinstance(reason, str) and reason else ["an error without a reason"]
        return "error", 0, bad
    try:
        return "document", len(document["items"]), list(check_document(document))
    except (KeyError, TypeError, AttributeError) as error:
        return "document", 0, [f"not a JSON Feed: {error!r}"]


def main():
    program = sys.argv[1]
    corpus = corpus_folder(sys.argv)
    if not corpus:
        print("skipped: no corpus (CIVICWIRE_CORPUS names none)")
        return SKIP
    worker = Worker(program)
    counts = {"document": 0, "error": 0, "broken": 0}
    items, failures, n, deaths = 0, [], 0, 0
    for path in files(corpus):
        n += 1
        line, trouble = worker.ask(path, URL)
        if trouble:
            failures.append((path, trouble))
            deaths += 1
            if deaths == DEATHS_MAX:
                break
            continue
        kind, found, problems = judge(line)
        counts[kind] += 1
        items += found
        failures += [(path, problem) for problem in sorted(set(problems))]
    code = worker.close()
    if code:
        failures.append(("(at the end)", f"exit code {code}"))
    for path, problem in failures[:50]:
        print(f"{os.path.relpath(path, corpus)}: {problem}")
    print(f"{n} files: {counts['document']} documents with {items} items, "
          f"{counts['error']} errors; {len(failures)} problems")
    if not n:
        print("the corpus is empty")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
