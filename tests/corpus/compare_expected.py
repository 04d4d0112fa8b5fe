#!/usr/bin/python3
"""What `civicwire parse` reads in real feeds, beside what Python's feedparser reads in them.

The reference is no truth: where it is known to be wrong the corpus says so, and where we differ on
purpose expected-known.tsv says why. Any other loss fails: an item that is not there, a publishing
date that differs, an id twice in a feed whose guids do not repeat, titles less often equal than
they have been.

    compare_expected.py CIVICWIRE [CORPUS]
"""
import collections
import json
import os
import re
import subprocess
import sys

SKIP = 77
KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected-known.tsv")
# Per cent of titles that are equal but for white space. The rest are those that the reference leaves
# half decoded (&#8217; in front of people), with tags, or with marks of direction; and texts that
# were broken twice before they came into the file, which it mends and we do not.
TITLES_MIN = 97.4


def fold(text):
    return re.sub(r"\s+", " ", str(text or "")).strip()


class Parser:
    """One `civicwire parse --worker`."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "parse", "--worker"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def read(self, path):
        # As the reference was made: served as XML, at an address that resolves relative links.
        request = {"file": path, "url": "http://example.org/",
                   "headers": [["Content-Type", "application/xml"]]}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"civicwire parse died with code {self.process.wait()} on {path}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=10)


def rows(path):
    """The lines of a table, without its head, as lists of columns."""
    with open(path, encoding="utf-8") as table:
        next(table)
        for line in table:
            if line.strip():
                yield line.rstrip("\n").split("\t")


def pairs(ours, theirs):
    """Our items with theirs, in order; where there are fewer of ours, by link or title."""
    if len(ours) == len(theirs):
        yield from zip(ours, theirs)
        return
    at = 0
    for item in ours:
        for j in range(at, len(theirs)):
            if item.get("url") and item["url"] == theirs[j]["link"] or \
                    fold(item.get("title")) == fold(theirs[j]["title"]) != "":
                yield item, theirs[j]
                at = j + 1
                break


class Comparison:
    def __init__(self, corpus):
        self.corpus = corpus
        self.titles = self.equal = self.ours = self.theirs = 0
        self.problems = []
        self.known = {(name, what): (value, why) for name, what, value, why in rows(KNOWN)}
        self.used = set()
        self.not_parsed = {name for name, kind, _ in
                           rows(os.path.join(corpus, "known-wrong-in-expected.tsv"))
                           if kind == "date-not-parsed"}

    def excuse(self, name, what):
        self.used.add((name, what))
        return self.known.get((name, what))

    def items(self, name, ours, theirs):
        if len(ours) >= len(theirs):
            return
        least = self.excuse(name, "items")
        if not least or len(ours) < int(least[0]):
            self.problems.append(f"{name}: {len(ours)} items, {len(theirs)} expected")

    def dates(self, name, ours, theirs):
        mine, reference = ours.get("date_published"), theirs["published"]
        if mine == reference or (reference is None and name in self.not_parsed):
            return
        print(f"    published {mine}, expected {reference}: {fold(theirs['title'])[:60]}")
        if not self.excuse(name, "published"):
            self.problems.append(f"{name}: published {mine}, expected {reference}")

    def ids(self, name, document, ours):
        twice = [i for i, n in collections.Counter(item["id"] for item in ours).items() if n > 1]
        if twice and "guids-repeat" not in document["_feed"]["flaws"]:
            self.problems.append(f"{name}: the id {twice[0]!r} twice")

    def file(self, document, expected):
        name, theirs = expected["name"], expected["entries"]
        ours = document.get("items", [])
        titles = equal = 0
        for mine, reference in pairs(ours, theirs):
            titles += 1
            equal += fold(mine.get("title")) == fold(reference["title"])
            self.dates(name, mine, reference)
        print(f"{name}: {len(ours)} of {len(theirs)} items, {equal} of {titles} titles equal")
        self.items(name, ours, theirs)
        if "error" not in document:
            self.ids(name, document, ours)
        self.titles += titles
        self.equal += equal
        self.ours += len(ours)
        self.theirs += len(theirs)

    def end(self):
        """The last line, and what it means."""
        for name, what in sorted(set(self.known) - self.used):
            if os.path.exists(os.path.join(self.corpus, "feeds", name)):
                self.problems.append(f"{name}: expected-known.tsv excuses its {what} in vain")
        rate = 100 * self.equal / self.titles if self.titles else 0
        if rate < TITLES_MIN:
            self.problems.append(f"{rate:.2f} % of the titles are equal, {TITLES_MIN} % were")
        for problem in self.problems[:50]:
            print(problem)
        print(f"{self.ours} items, {self.theirs} expected; {rate:.2f} % of {self.titles} titles "
              f"equal; {len(self.problems)} problems")
        return 1 if self.problems else 0


def main():
    corpus = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("CIVICWIRE_CORPUS", "")
    reference = os.path.join(corpus, "expected.jsonl")
    if not os.path.exists(reference):
        print("skipped: no corpus (CIVICWIRE_CORPUS names none)")
        return SKIP
    comparison = Comparison(corpus)
    parser = Parser(sys.argv[1])
    with open(reference, encoding="utf-8") as lines:
        for line in lines:
            expected = json.loads(line)
            path = os.path.join(corpus, "feeds", expected["name"])
            comparison.file(parser.read(path), expected)
    code = parser.close()
    if code:
        comparison.problems.append(f"civicwire parse ended with code {code}")
    return comparison.end()


if __name__ == "__main__":
    sys.exit(main())
