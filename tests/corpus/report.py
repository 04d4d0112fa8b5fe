#!/usr/bin/python3
"""What `civicwire parse` reads in real feeds, beside what Python's feedparser reads in them.

The reference is no truth: expected-known.tsv and the rules of titles.py say where it is wrong, and both
are checked: a rule must turn its title into ours, a date must be what its source says. All else that
differs is ours to answer for. Prints each file's differences, then one table; fails if a line of
it does.

    report.py CIVICWIRE [CORPUS]
"""
import collections
import json
import os
import sys

import dates
import titles
from reader import SKIP, Worker, corpus_folder, fold, rows

KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected-known.tsv")
TITLES_MIN = 99.5  # per cent
# As the reference was made: served as XML, at an address that resolves relative links.
URL, HEADERS = "http://example.org/", [["Content-Type", "application/xml"]]
# Files without any declaration, which only a guess from statistics could read: both of us misread them.
UNREADABLE = "charset-guessed-wrong"
KINDS = (("published", "date_published"), ("updated", "date_modified"))


def read_all(program, folder, names):
    """Name → the answer's line; and what went wrong."""
    worker, lines, crashes = Worker(program), {}, []
    for name in names:
        lines[name], trouble = worker.ask(os.path.join(folder, name), URL, HEADERS)
        if trouble:
            crashes.append(f"{name}: {trouble}")
    code = worker.close()
    if code:
        crashes.append(f"at the end: exit code {code}")
    return lines, crashes


def key(entry, source):
    """What makes an entry of the reference one of its own, by the rules for identity."""
    return entry["id"] or entry["link"] or source or (entry["title"], entry["published"])


def pairs(ours, theirs):
    """Our items with the numbers of theirs, in order; where ours are fewer, by link and title, or
    else by one of them."""
    if len(ours) == len(theirs):
        yield from zip(ours, range(len(theirs)))
        return
    at = 0
    for item in ours:
        link, title = item.get("url") or None, fold(item.get("title"))
        same = [(link == entry["link"], title == fold(entry["title"]) != "")
                for entry in theirs[at:]]
        both = (True, True)
        found = both if both in same else next((s for s in same if any(s)), None)
        if found:
            at += same.index(found)
            yield item, at
            at += 1


class File:
    """One feed: our document beside the reference's entries."""

    def __init__(self, folder, expected, document):
        self.name, self.theirs = expected["name"], expected["entries"]
        self.encoding, self.document = expected["encoding"], document
        self.ours = document.get("items", [])
        self.sources = []
        if "error" not in document and not self.name.startswith("json-"):
            self.sources = dates.entries(os.path.join(folder, self.name),
                                         document["_feed"]["encoding"])
        if len(self.sources) != len(self.theirs):  # cannot be told apart from outside
            self.sources = [None] * len(self.theirs)
        self.pairs = list(pairs(self.ours, self.theirs))

    def distinct(self):
        return len({key(entry, source) for entry, source in zip(self.theirs, self.sources)})

    def repeated_ids(self):
        counts = collections.Counter(item["id"] for item in self.ours)
        return [i for i, n in counts.items() if n > 1]


class Report:
    def __init__(self, wrong):
        self.unreadable = {name for name, kind, _ in wrong if kind == UNREADABLE}
        self.known = {(name, what): value for name, what, value, _ in rows(KNOWN)}
        self.reasons = {(name, what): why for name, what, _, why in rows(KNOWN)}
        self.used = set()
        self.n = collections.Counter()
        self.rules = collections.Counter()
        self.problems = collections.defaultdict(list)  # criterion → what is wrong
        self.lines = []  # of the file at hand

    def excuse(self, file, what):
        self.used.add((file.name, what))
        return self.known.get((file.name, what))

    def items(self, file):
        ours, theirs = len(file.ours), len(file.theirs)
        self.n["items"] += ours
        self.n["entries"] += theirs
        if ours > theirs:
            self.n["more"] += 1
            self.lines.append(f"{ours - theirs} items that the reference has not")
        if ours >= theirs:
            return
        self.n["fewer"] += 1
        if ours >= file.distinct():
            self.lines.append(f"{theirs - ours} entries repeat others: {file.distinct()} have a key "
                              "of their own (guid, else link, else source)")
        elif "error" in file.document and self.excuse(file, "no-feed"):
            self.lines.append(f"refused: {self.reasons[file.name, 'no-feed']}")
        else:
            self.problems["items"].append(f"{file.name}: {ours} items of {theirs}")

    def titles(self, file):
        for item, j in file.pairs:
            mine, reference = item.get("title"), file.theirs[j]["title"]
            self.n["titles"] += 1
            readable = file.name not in self.unreadable
            if titles.same(mine, reference) and readable:
                self.n["titles equal"] += 1
                continue
            found = readable and titles.rule(mine, reference, file.encoding)
            self.rules[found or "unexplained"] += 1
            self.lines.append(f"title, {found or 'UNEXPLAINED'}: {fold(mine)!r}, "
                              f"reference {fold(reference)!r}")

    def date(self, file, what, mine, j):
        reference = file.theirs[j][what]
        if mine == reference:
            self.n[what, "equal" if mine else "none"] += 1
            return
        kind = "absent" if not mine else "more" if not reference else "differs"
        self.n[what, kind] += 1
        template = self.excuse(file, what)
        source = dates.source(file.sources[j], what) if file.sources[j] else None
        right = template and mine and dates.read(template, source) == mine
        if right:
            self.n[what, kind, "right"] += 1
        else:
            self.problems[what].append(f"{file.name}: {source!r} is {mine}, reference {reference}")
        if kind != "more":
            why = self.reasons.get((file.name, what), "NOT EXPLAINED")
            self.lines.append(f"{what} {source!r}: {mine}, reference {reference}: {why}")

    def dates(self, file):
        for what, member in KINDS:
            before = self.n[what, "more"], self.n[what, "more", "right"]
            for item, j in file.pairs:
                self.date(file, what, item.get(member), j)
            more, right = self.n[what, "more"] - before[0], self.n[what, "more", "right"] - before[1]
            if more:
                self.lines.append(f"{what}: {more} that the reference could not read, {right} as "
                                  f"the source says: {self.reasons.get((file.name, what))}")

    def ids(self, file, again):
        self.n["ids"] += len(file.ours)
        self.problems["ids"] += [f"{file.name}: the id {i!r} twice" for i in file.repeated_ids()]
        if [item["id"] for item in again.get("items", [])] != [item["id"] for item in file.ours]:
            self.problems["stable"].append(f"{file.name}: other ids in the second run")

    def file(self, file, again):
        self.lines = []
        self.items(file)
        self.titles(file)
        self.dates(file)
        self.ids(file, again)
        if self.lines:
            print(f"{file.name}: {len(file.ours)} items of {len(file.theirs)}")
            for line in self.lines:
                print(f"    {line}")

    def rate(self, equal):
        return 100 * equal / self.n["titles"] if self.n["titles"] else 0

    def in_vain(self, folder):
        for name, what in sorted(set(self.known) - self.used):
            if os.path.exists(os.path.join(folder, name)):
                self.problems["known"].append(f"{name}: expected-known.tsv excuses its {what} in vain")

    def table(self, files):
        """(criterion, measured, required, holds)"""
        n, problems = self.n, self.problems
        raw, explained = n["titles equal"], sum(self.rules.values()) - self.rules["unexplained"]
        yield "files read", f"{n['files']} of {files}", "all", n["files"] == files > 0
        yield "crashes, two runs", len(problems["crashes"]), "0", not problems["crashes"]
        yield "items", f"{n['items']}, reference {n['entries']}", "", True
        yield ("files with fewer items, not shown to be repetitions",
               f"{len(problems['items'])} of {n['fewer']}", "0", not problems["items"])
        yield "files with more items", n["more"], "", True
        yield "titles equal as they stand", f"{self.rate(raw):.2f} % of {n['titles']}", "", True
        for name, count in self.rules.most_common():
            yield (f"  {name}", count, "", True)
        yield ("titles equal, or the reference wrong by rule", f"{self.rate(raw + explained):.2f} %",
               f">= {TITLES_MIN} %", self.rate(raw + explained) >= TITLES_MIN)
        for what, _ in KINDS:
            yield (f"{what}: equal; neither has one",
                   f"{n[what, 'equal']}; {n[what, 'none']}", "", True)
            yield (f"{what}: differs, and the source says ours",
                   f"{n[what, 'differs', 'right']} of {n[what, 'differs']}", "all",
                   n[what, "differs"] == n[what, "differs", "right"])
            yield (f"{what}: only ours, and the source says so",
                   f"{n[what, 'more', 'right']} of {n[what, 'more']}", "all",
                   n[what, "more"] == n[what, "more", "right"])
            yield f"{what}: only the reference's", n[what, "absent"], "0", not n[what, "absent"]
        yield ("ids twice in a feed", f"{len(problems['ids'])} of {n['ids']}", "0",
               not problems["ids"])
        yield ("files with other ids in the second run", len(problems["stable"]), "0",
               not problems["stable"])
        yield "excuses in vain", len(problems["known"]), "0", not problems["known"]

    def end(self, files):
        """Prints the table. True if all of it holds."""
        print()
        for criterion in sorted(self.problems):
            for problem in self.problems[criterion][:20]:
                print(f"{criterion}: {problem}")
        good = True
        print(f"\n{'criterion':<54} {'measured':>24} {'required':>10}")
        for what, measured, required, holds in self.table(files):
            verdict = "" if not required else "ok" if holds else "FAILS"
            print(f"{what:<54} {measured!s:>24} {required:>10} {verdict}".rstrip())
            good = good and holds
        print("\nthe reference's titles are wrong, by rule:")
        for name, _ in self.rules.most_common():
            print(f"  {name}: {titles.REASONS.get(name, 'ours to answer for')}")
        return good


def main():
    corpus = corpus_folder(sys.argv)
    if not corpus:
        print("skipped: no corpus (CIVICWIRE_CORPUS names none)")
        return SKIP
    folder = os.path.join(corpus, "feeds")
    report = Report(rows(os.path.join(corpus, "known-wrong-in-expected.tsv")))
    names = sorted(os.listdir(folder))
    first, crashes = read_all(sys.argv[1], folder, names)
    # Another process, in another order: nothing may depend on what came before.
    second, more = read_all(sys.argv[1], folder, names[::-1])
    report.problems["crashes"] += crashes + more
    with open(os.path.join(corpus, "expected.jsonl"), encoding="utf-8") as lines:
        for expected in map(json.loads, lines):
            line, again = first.get(expected["name"]), second.get(expected["name"])
            if line and again:
                report.n["files"] += 1
                report.file(File(folder, expected, json.loads(line)), json.loads(again))
    report.in_vain(folder)
    return 0 if report.end(len(names)) else 1


if __name__ == "__main__":
    sys.exit(main())
