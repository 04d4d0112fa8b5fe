#!/usr/bin/python3
"""What the sanitiser leaves, in a real browser: no script runs, no request leaves for another origin.

All texts of the corpus, and all vectors of the sanitiser's unit test in every way that a feed can carry
them, go through `civicwire parse` and then into headless Chromium: once as part of a page's source, once
put into it by innerHTML, as readers do. Pictures and media that stand in a text are its own: they may
be asked for, and nothing else; where a policy keeps these from loading, nothing at all may be.

Before that a control shows that the same vectors do act as they stand, and that it is noticed: a
test that cannot fail proves nothing.

    test_browser.py CIVICWIRE [PICTURE.png]     with a picture of the first page of the corpus
"""
import collections
import json
import os
import sys
import tempfile

from chromium import Browser, Failure, find
from feeds import SOURCE, Cleaner, vectors
from proxy import ORIGIN, Site

SKIP = 77
PAGE_BYTES, PAGE_ITEMS = 4 << 20, 4000  # of a page: as much as a browser lays out without a pause
NO_PICTURES = ('<meta data-ours http-equiv="Content-Security-Policy" '
               'content="img-src \'none\'; media-src \'none\'">')
OURS = {f"{ORIGIN}/canary.js", "test:report"}
# Of the control's vectors, as they stand in the Chromium of today, 214 ran code, 498 left marks, and 54
# requests were seen. Far fewer mean that the canary is blind, not that the web has become safe.
RAN_MIN, MARKED_MIN, ASKED_MIN = 150, 400, 30
# Whom Chromium asks of its own accord, whatever it is told. A page's requests are known besides.
ITS_OWN = {"accounts.google.com", "clients2.google.com", "update.googleapis.com",
           "optimizationguide-pa.googleapis.com", "safebrowsing.googleapis.com"}


def host(url):
    return url.split("/")[2] if url.count("/") >= 2 else url


def plain(url):
    return url.replace("https:", "http:", 1)


def page(policy, body):
    return ("<!doctype html><html><head data-ours><meta data-ours charset=\"utf-8\">"
            f"{policy}<script data-ours src=\"/canary.js\"></script></head><body>{body}</body></html>")


def chunks(texts):
    """The texts in pages' portions."""
    chunk, size = [], 0
    for label, text in texts:
        if chunk and (size + len(text) > PAGE_BYTES or len(chunk) == PAGE_ITEMS):
            yield chunk
            chunk, size = [], 0
        chunk.append((label, text))
        size += len(text)
    if chunk:
        yield chunk


class Test:
    def __init__(self, browser, site):
        self.browser, self.site = browser, site
        self.problems, self.n = [], collections.Counter()
        self.asked = set()  # the hosts that pages asked for pictures
        with open(os.path.join(os.path.dirname(__file__), "canary.js"), "rb") as file:
            site.pages["/canary.js"] = ("text/javascript", file.read())

    def serve(self, path, text):
        self.site.pages[path] = ("text/html", text.encode())
        return ORIGIN + path

    def expect(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def control(self):
        """The vectors as they stand. Those that run, leave marks, and ask others for something."""
        documents = vectors()[0]
        addresses = []
        for i, text in enumerate(documents):
            addresses.append(f"/raw/{i}")
            head = b"<!doctype html><meta data-ours charset=utf-8><script data-ours src=/canary.js></script><body>"
            self.site.pages[f"/raw/{i}"] = ("text/html", head + text)
        found = []
        for i in range(0, len(addresses), 100):
            with self.browser.page() as tab:
                tab.load(self.serve("/control", page("", "")))
                found += tab.run(f"tryAll({json.dumps(addresses[i:i + 100])})", "test:report")
        asked = sum("evil.example" in url for url in self.site.take_foreign())
        ran, marked = sum(f["ran"] for f in found), sum(f["marks"] > 0 for f in found)
        print(f"control: of {len(documents)} vectors as they stand {ran} ran code, {marked} left marks; "
              f"{asked} requests for evil.example")
        self.expect(ran >= RAN_MIN, f"the canary has noticed only {ran} vectors that run")
        self.expect(marked >= MARKED_MIN, f"the canary has noticed only {marked} vectors' marks")
        self.expect(asked >= ASKED_MIN, f"the proxy has noticed only {asked} requests")

    def judge(self, where, labels, tab, report, pictures_load):
        """All that may not be on a page of clean texts."""
        def name(i):
            return f"{where}, {labels[i] if i >= 0 else 'the page'}"
        for i, wrong in report["wrongs"]:
            self.problems.append(f"{name(i)}: {wrong}")
        for i, before, after in report["moved"]:
            self.problems.append(f"{name(i)}: {before!r} reads as {after!r} when it is moved")
        for kind in ("caught", "clobbered"):
            for what in report[kind]:
                self.problems.append(f"{where}: {kind} {what}")
        for script in set(tab.scripts) - OURS:
            self.problems.append(f"{where}: a script ran: {script or 'without address'}")
        for trouble in tab.troubles:
            self.problems.append(f"{where}: {trouble}")
        self.expect(report["n"] == len(labels) and report["ends"] == 1,
                    f"{where}: {report['n']} texts and {report['ends']} ends, not {len(labels)} and 1")
        # Chromium knows hosts that it asks by https alone, whatever a text says (HSTS).
        pictures = set(map(plain, report["pictures"])) if pictures_load else set()
        # The buttons of its players the browser has as data: pictures; a text's would be a wrong.
        asked = [(url, kind) for url, kind in tab.requests.values()
                 if not url.startswith(ORIGIN + "/") and not url.startswith("data:image/svg+xml;")]
        for url, kind in asked:
            self.expect(kind in ("Image", "Media") and plain(url) in pictures, f"{where}: {kind} {url}")
        self.asked.update(host(url) for url, _ in asked)
        self.n["pages"] += 1
        self.n["requests for the texts' pictures"] += len(asked)
        self.n["elements"] += report["elements"]

    def show(self, where, source, labels, start, pictures_load, picture=None):
        """Loads a page and judges it; its report."""
        with self.browser.page() as tab:
            tab.load(source)
            report = tab.run(start, "test:report")
            self.expect(report["address"] == source, f"{where}: has become {report['address']}")
            self.judge(where, labels, tab, report, pictures_load)
            if picture:
                tab.shoot(picture)
        return report

    def texts(self, what, texts, pictures_load, picture=None):
        """All texts, as source and as innerHTML."""
        policy = "" if pictures_load else NO_PICTURES
        for n, chunk in enumerate(chunks(texts)):
            labels = [label for label, _ in chunk]
            body = "\n".join(f'<section class="item">{text}</section>' for _, text in chunk)
            body += '\n<footer class="end"></footer>'
            data = json.dumps([text for _, text in chunk])
            self.site.pages["/data"] = ("application/json", data.encode())
            where = f"{what} {n}, {'with' if pictures_load else 'without'} pictures"
            source = self.show(f"{where}, as source", self.serve("/source", page(policy, body)),
                               labels, "report()", pictures_load, picture if n == 0 else None)
            filled = self.show(f"{where}, as innerHTML", self.serve("/filled", page(policy, "")),
                               labels, "fill('/data')", pictures_load)
            for label, one, other in zip(labels, source["hashes"], filled["hashes"]):
                self.expect(one == other, f"{what} {n}, {label}: is not the same as source and as "
                                          "innerHTML")

    def run(self, vectors_clean, corpus_clean, picture):
        sets = {"vectors": vectors_clean, "texts of the corpus": corpus_clean}
        self.control()
        # First without pictures: then nobody at all may be asked, and nothing that comes late blurs it.
        self.site.take_foreign()
        for what, texts in sets.items():
            self.texts(what, texts, False)
            self.n[what] += len(texts)
        left = {host(url) for url in self.site.take_foreign()} - ITS_OWN
        self.expect(not left, f"without pictures: left the browser, for {sorted(left)[:10]}")
        for what, texts in sets.items():
            self.texts(what, texts, True, picture if what != "vectors" else None)
        left = {host(url) for url in self.site.take_foreign()} - ITS_OWN - self.asked
        self.expect(not left, f"with pictures: left the browser, for {sorted(left)[:10]}")

    def end(self):
        for problem in self.problems[:60]:
            print(problem)
        print("; ".join(f"{n} {what}" for what, n in self.n.items()) +
              f"; {len(self.problems)} problems")
        return 1 if self.problems else 0


def main():
    program = find()
    if not program:
        print("skipped: chromium is not installed (./dev install-deps)")
        return SKIP
    corpus = os.environ.get("CIVICWIRE_CORPUS", SOURCE / ".." / "shared" / "corpus")
    picture = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as folder, Site() as site, \
            Browser(program, site.address) as browser:
        test = Test(browser, site)
        cleaner = Cleaner(sys.argv[1], folder)
        try:
            clean = list(cleaner.of_vectors())
            if not os.path.isdir(corpus):
                print("no corpus (CIVICWIRE_CORPUS names none): the vectors alone")
            test.run(clean, list(cleaner.of_corpus(corpus)), picture)
        except Failure as failure:
            test.problems.append(str(failure))
        test.problems += cleaner.problems
        test.expect(cleaner.close() == 0, "civicwire parse ended with an error")
        return test.end()


if __name__ == "__main__":
    sys.exit(main())
