"""What parsing costs: `civicwire parse` over many small feeds and over one large one, as whole processes
from start to end, beside libxml2 that keeps nothing (F) and beside other parsers, interleaved in one run.
Ours cleans the HTML, reads it as text, understands dates, hashes, and prints each item as JSON."""
import json
import os
import subprocess

import generate_feeds
import measure_instructions
import peers
import rig
from rig import Row, say, wire

ROUNDS = 5
FILES, FILE_BYTES, SEED = 1000, 20_000, 1
SAMPLE = 100  # of the files, for feedparser, which takes half a minute for all
MB = 1_000_000
LARGE, SMALL = 50 * MB, MB
# A feed near the size that the goal for memory speaks of.
HEAP_BYTES, HEAP_FILES, HEAP_FEED_MAX = 80_000, 20, 100_000

CPU_GOAL = 1.4
SFEED_STREAM_GOAL, SFEED_EACH_GOAL, GOFEED_GOAL, FEEDPARSER_GOAL = 0.8, 6, 8, 80
PEAK_MIB_GOAL, HEAP_KB_GOAL = 8, 96
LARGE_TO_SMALL_GOAL = 1.2
ALLOCATIONS_GOAL = 0.01  # a structure that doubles now and then is no allocation per item


class Subject:
    """A parser on some input: what it costs in each round."""

    def __init__(self, parser, stdin, size, folder, name=None):
        self.parser, self.stdin, self.size, self.name = parser, stdin, size, name or parser.name
        self.items = parser.items(stdin, folder)
        self.costs = []

    def run(self):
        self.costs.append(self.parser.run(self.stdin))

    def row(self):
        cpu = [c.cpu_s for c in self.costs]
        row = Row(self.name, "CPU s", cpu, None, False, 3)
        median = row.median()
        row.cost = (f"{self.size / MB / median:,.1f} MB/s, {self.items / median:,.0f} items/s of {self.items:,}, "
                    f"peak {max(c.peak_mib for c in self.costs):.1f} MiB")
        return row

    def times(self, other):
        """How often our CPU fits in the other's, byte for byte, round by round."""
        return [theirs.cpu_s / other.size / (ours.cpu_s / self.size) for ours, theirs in zip(self.costs, other.costs)]


class Inputs:
    """The generated feeds, and lists of them in the forms that parsers take on stdin."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "files").mkdir()
        self.files = generate_feeds.write_files(folder / "files", SEED, FILES, FILE_BYTES)
        self.large, self.small, self.double = (self.document(size) for size in (LARGE, SMALL, 2 * SMALL))

    def document(self, size):
        path = self.folder / f"{size}.xml"
        generate_feeds.write_document(path, generate_feeds.make_sentences(SEED), SEED, size)
        return path

    def names(self, name, paths):
        path = self.folder / name
        path.write_text("".join(f"{p}\n" for p in paths))
        return path

    def requests(self, name, paths):
        return self.names(name, measure_instructions.worker_requests(paths))


def size_of(paths):
    return sum(path.stat().st_size for path in paths)


def heap(command, folder, stdin=None):
    """{calls, peak} of the allocations of a whole process."""
    report = folder / "heap"
    report.unlink(missing_ok=True)
    subprocess.run(command, input=stdin, stdout=subprocess.DEVNULL, check=True,
                   env=dict(wire.environment(), LD_PRELOAD=str(rig.PROGRAMS / "libbench-heap.so"),
                            CIVICWIRE_HEAP_REPORT=str(report)))
    return json.loads(report.read_text())


def allocations_per_item(inputs):
    calls, items = [], []
    for path in (inputs.small, inputs.double):
        calls.append(heap([wire.CLI, "parse", path], inputs.folder)["calls"])
        printed = subprocess.run([wire.CLI, "parse", path], stdout=subprocess.PIPE, check=True, env=wire.environment())
        items.append(len(json.loads(printed.stdout)["items"]))
    return Row("allocations per item", "calls", [(calls[1] - calls[0]) / (items[1] - items[0])], ALLOCATIONS_GOAL, False, 3,
               notes=[f"from {items[0]:,} to {items[1]:,} items in one document, {calls[0]:,} to {calls[1]:,} calls"])


def live_heap(inputs):
    """The most heap of `civicwire parse FILE`, above what the same program holds that parses nothing."""
    folder = inputs.folder / "heap-feeds"
    folder.mkdir()
    paths = generate_feeds.write_files(folder, SEED + 1, HEAP_FILES, HEAP_BYTES)
    paths = [path for path in paths if path.stat().st_size < HEAP_FEED_MAX]
    idle = heap([wire.CLI, "--version"], inputs.folder)["peak"]
    peaks = [(heap([wire.CLI, "parse", path], inputs.folder)["peak"] - idle) / 1000 for path in paths]
    return Row("live heap, feeds under 100 KB", "KB", [max(peaks)], HEAP_KB_GOAL, False, 0,
               notes=[f"the most of {len(paths)} feeds of {size_of(paths) / len(paths):,.0f} bytes on average, whole process "
                      f"less the {idle / 1000:.0f} KB of one that parses nothing; {min(peaks):.0f} KB the least"])


def subjects(inputs):
    """name → subject; a parser that is not installed is not there."""
    folder, all_files = inputs.folder, inputs.names("all", inputs.files)
    sample = inputs.files[::max(1, len(inputs.files) // SAMPLE)]
    again = LARGE // SMALL
    found = {
        "ours": Subject(peers.OURS, inputs.requests("requests", inputs.files), size_of(inputs.files), folder,
                        f"civicwire: {FILES:,} files"),
        "bare": Subject(peers.BARE, all_files, size_of(inputs.files), folder),
        "ours-large": Subject(peers.OURS, inputs.requests("large", [inputs.large]), size_of([inputs.large]), folder,
                              f"civicwire: one of {LARGE // MB} MB"),
        "ours-small": Subject(peers.OURS, inputs.requests("small", [inputs.small] * again), size_of([inputs.small]) * again,
                              folder, f"civicwire: {again} times one of 1 MB"),
        "bare-large": Subject(peers.BARE, inputs.names("bare-large", [inputs.large]), size_of([inputs.large]), folder,
                              f"libxml2 SAX: one of {LARGE // MB} MB"),
    }
    parser, why = peers.sfeed()
    if parser:
        found["sfeed"] = Subject(parser, all_files, size_of(inputs.files), folder)
        found["sfeed-large"] = Subject(parser, inputs.names("large-list", [inputs.large]), size_of([inputs.large]), folder,
                                       f"sfeed: one of {LARGE // MB} MB")
    else:
        say(f"parse: skipped sfeed: {why}")
    parser, why = peers.gofeed()
    if parser:
        found["gofeed"] = Subject(parser, all_files, size_of(inputs.files), folder)
    else:
        say(f"parse: skipped gofeed: {why}")
    parser, why = peers.feedparser()
    if parser:
        found["feedparser"] = Subject(parser, inputs.names("sample", sample), size_of(sample), folder,
                                      f"feedparser: every {len(inputs.files) // len(sample)}th file")
    else:
        say(f"parse: skipped feedparser: {why}")
    return found


def ratio_rows(found):
    ours, large = found["ours"], found["ours-large"]
    rows = [Row("CPU ÷ F", "times", [1 / x for x in ours.times(found["bare"])], CPU_GOAL, False, 2)]
    for name, base, text, goal in (("sfeed-large", large, "speed ÷ sfeed's, one large feed", SFEED_STREAM_GOAL),
                                   ("sfeed", ours, "speed ÷ sfeed's, run per file", SFEED_EACH_GOAL),
                                   ("gofeed", ours, "speed ÷ gofeed's", GOFEED_GOAL),
                                   ("feedparser", ours, "speed ÷ feedparser's", FEEDPARSER_GOAL)):
        if name in found:
            rows.append(Row(text, "times", base.times(found[name]), goal, True, 2))
    per_item = [large.costs[i].cpu_s / large.items / (small.cpu_s / found["ours-small"].items)
                for i, small in enumerate(found["ours-small"].costs)]
    rows.append(Row(f"cost of an item, {LARGE // MB} MB ÷ 1 MB", "times", per_item, LARGE_TO_SMALL_GOAL, False, 2))
    rows.append(Row(f"peak memory, {LARGE // MB} MB", "MiB", [c.peak_mib for c in large.costs], PEAK_MIB_GOAL, False, 1))
    return rows


def measure(options):
    with rig.folder() as folder:
        inputs = Inputs(folder)
        found = subjects(inputs)
        for n in range(options.pick(ROUNDS, 2)):
            say(f"parse: round {n + 1}, load average {os.getloadavg()[0]:.1f}")
            for subject in found.values():
                subject.run()
        return ([subject.row() for subject in found.values()] + ratio_rows(found) +
                [live_heap(inputs), allocations_per_item(inputs)])
